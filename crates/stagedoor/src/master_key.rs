//! Where the master key comes from: the settings, a file, or a command that asks a key service.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use stagedoor_core::Env;
use store::MasterKey;
use zeroize::Zeroizing;

use crate::config::Settings;
use crate::fault::{Fault, because};

const FILE: &str = "master.key";

/// The key that is set, else the one in the data folder; `make`: which is made when there is none.
pub fn load(settings: &Settings, make: bool, env: &Env) -> Result<MasterKey, Fault> {
    if let Some(text) = &settings.master_key {
        return key_from(text).ok_or_else(|| "master_key must be 64 hexadecimal digits".into());
    }
    if let Some(command) = &settings.master_key_command {
        return from_command(command);
    }
    if let Some(file) = &settings.master_key_file {
        return from_file(file);
    }
    let path = settings.data.join(FILE);
    if make && !path.exists() {
        make_file(&settings.data, &path, env).map_err(because(format!("make {}", path.display())))?;
    }
    from_file(&path)
}

pub fn from_file(path: &Path) -> Result<MasterKey, Fault> {
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(because(format!("read the master key {}", path.display())))?;
    key_from(&text).ok_or_else(|| format!("{} must hold 64 hexadecimal digits", path.display()).into())
}

/// What `command`, run by the shell, prints. What it says on standard error is the operator's to
/// read; what it prints instead of a key is not repeated.
pub fn from_command(command: &str) -> Result<MasterKey, Fault> {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = shell.output().map_err(because("run master_key_command"))?;
    let printed = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(format!("master_key_command failed: {}", output.status).into());
    }
    let key = std::str::from_utf8(&printed).ok().and_then(key_from);
    key.ok_or_else(|| "master_key_command must print 64 hexadecimal digits".into())
}

/// Whole and durable before it has its name, so that no crash leaves half a key; never replaces
/// one that another process made meanwhile.
fn make_file(folder: &Path, path: &Path, env: &Env) -> io::Result<()> {
    let key: Zeroizing<[u8; 32]> = Zeroizing::new(env.entropy.bytes());
    let text: Zeroizing<String> = Zeroizing::new(key.iter().map(|byte| format!("{byte:02x}")).collect());
    let draft = folder.join(format!(".{FILE}.{:016x}", env.entropy.next_u64()));
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&draft)?;
    writeln!(file, "{}", *text)?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(folder)?.sync_all()
}

fn key_from(text: &str) -> Option<MasterKey> {
    bytes_from(text).map(MasterKey::new)
}

fn bytes_from(text: &str) -> Option<[u8; 32]> {
    let text = text.trim();
    if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; 32];
    for (byte, digits) in key.iter_mut().zip(0..) {
        *byte = u8::from_str_radix(&text[2 * digits..2 * digits + 2], 16).expect("two hexadecimal digits");
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_hexadecimal_digits() {
        let key = bytes_from(&format!("{}0a\n", "ff".repeat(31))).unwrap();
        assert_eq!((key[0], key[31]), (0xff, 0x0a));
        for wrong in ["", "ff", &"fg".repeat(32), &"é".repeat(32), &"ff".repeat(33)] {
            assert!(bytes_from(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_command_prints_the_key_and_nothing_else() {
        let key = "0a".repeat(32);
        assert!(from_command(&format!("echo {key}")).is_ok());
        for wrong in ["true", "echo short", "exit 3", &format!("echo {key}; exit 1"), &format!("echo {key} {key}")] {
            let refused = from_command(wrong).map(drop).unwrap_err().to_string();
            assert!(refused.contains("master_key_command") && !refused.contains(&key), "{wrong}: {refused}");
        }
    }
}
