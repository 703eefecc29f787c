//! What Apple and Google give whoever may make passes for the wallets of phones, made by `openssl` when it is asked
//! for: nothing secret lies about.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

/// As the certificate names it.
pub const PASS_TYPE: &str = "pass.org.example.tickets";
pub const TEAM: &str = "A1B2C3D4E5";
/// The operator's number with Google's wallet.
pub const ISSUER: &str = "3388000000022123456";
/// The service account's.
pub const ACCOUNT: &str = "tickets@old-mill.iam.gserviceaccount.com";

/// Files in a folder of their own. Certificates: `root.pem`, `intermediate.pem`, and `pass.pem` with its key
/// `pass.key`. A service account: `account.json`, and `account.pem` to check what it signed.
pub struct WalletKeys(TempDir);

impl WalletKeys {
    pub fn new() -> Self {
        let keys = Self(tempfile::tempdir().expect("a folder"));
        let ca = "basicConstraints=critical,CA:TRUE";
        let root = ["-x509", "-days", "3650", "-subj", "/CN=Old Root", "-addext", ca, "-out", "root.pem"];
        keys.request("root.key", &root);
        keys.issue("intermediate", "/CN=Passes/OU=G4", "root", ca);
        let subject = format!("/UID={PASS_TYPE}/CN=Pass Type ID: {PASS_TYPE}/OU={TEAM}/O=Old Mill");
        keys.issue("pass", &subject, "intermediate", "keyUsage=critical,digitalSignature");
        keys.openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "account.key"]);
        keys.openssl(&["pkey", "-in", "account.key", "-pubout", "-out", "account.pem"]);
        let private = String::from_utf8(keys.read("account.key")).expect("PEM is text");
        let account = json!({ "type": "service_account", "client_email": ACCOUNT, "private_key": private });
        keys.write("account.json", &account.to_string());
        keys
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("the folder takes files");
    }

    /// A certificate and its key, called `name`, from the authority called `by`.
    pub fn issue(&self, name: &str, subject: &str, by: &str, extension: &str) {
        let (key, request, extensions) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.ext"));
        self.request(&key, &["-subj", subject, "-out", &request]);
        self.write(&extensions, extension);
        let (ca, ca_key, out) = (format!("{by}.pem"), format!("{by}.key"), format!("{name}.pem"));
        let signed = ["-CA", &ca, "-CAkey", &ca_key, "-days", "3650", "-extfile", &extensions, "-out", &out];
        self.openssl(&[&["x509", "-req", "-in", &request], &signed[..]].concat());
    }

    fn request(&self, key: &str, more: &[&str]) {
        self.openssl(&[&["req", "-newkey", "rsa:2048", "-nodes", "-keyout", key], more].concat());
    }

    /// What `openssl` prints, called in the folder.
    pub fn openssl(&self, arguments: &[&str]) -> String {
        let done = Command::new("openssl").args(arguments).current_dir(self.folder()).output();
        let done = done.expect("openssl is installed: scripts/setup.sh test");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "openssl {arguments:?}: {said}");
        String::from_utf8_lossy(&done.stdout).into_owned()
    }
}

impl Default for WalletKeys {
    fn default() -> Self {
        Self::new()
    }
}
