//! A signature in a file of its own, as Apple's wallet wants it over the manifest of a pass.
//!
//! `SignedData` of the Cryptographic Message Syntax without the content, in DER: RSA (PKCS #1 v1.5) over SHA-256, with
//! the time of signing among the attributes that are signed. Sources: RFC 5652, sections 5 and 11; RFC 8017.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256,
    UnparsedPublicKey,
};
use der::asn1::{Any, ObjectIdentifier, OctetString, SetOfVec};
use der::{DateTime, Decode, Encode, Sequence};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use stagedoor_core::Timestamp;
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::time::Time;

use super::SetupError;

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const RSA_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Signs with a key, and shows its certificate and the one that issued it.
pub(super) struct Signer {
    key: KeyPair,
    pub certificate: Certificate,
    pub issuer: Certificate,
    /// Both, as they were given.
    shown: SetOfVec<Any>,
}

impl Signer {
    /// All three in PEM.
    pub fn new(certificate: &[u8], key: &[u8], intermediate: &[u8]) -> Result<Self, SetupError> {
        let (certificate, shown) = certificate_in(certificate, "the certificate's file")?;
        let (issuer, issuer_shown) = certificate_in(intermediate, "the intermediate certificate's file")?;
        if !is_issued_by(&certificate, &issuer) {
            return Err(SetupError::OtherIssuer);
        }
        let key = match PrivateKeyDer::from_pem_slice(key) {
            Ok(PrivateKeyDer::Pkcs8(key)) => KeyPair::from_pkcs8(key.secret_pkcs8_der()),
            Ok(PrivateKeyDer::Pkcs1(key)) => KeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Err(SetupError::NoKey),
        };
        let key = key.map_err(|_| SetupError::NoKey)?;
        let public = &certificate.tbs_certificate().subject_public_key_info().subject_public_key;
        if key.public_key().as_ref() != public.raw_bytes() {
            return Err(SetupError::OtherKey);
        }
        let shown = SetOfVec::try_from(vec![shown, issuer_shown]).map_err(|_| SetupError::OtherIssuer)?;
        Ok(Self { key, certificate, issuer, shown })
    }

    /// The signature over `content`, made at `at`.
    pub fn sign(&self, content: &[u8], at: Timestamp) -> Vec<u8> {
        self.try_sign(content, at).expect("all parts are DER, and no length is out of bounds")
    }

    fn try_sign(&self, content: &[u8], at: Timestamp) -> der::Result<Vec<u8>> {
        let since_1970 = std::time::Duration::from_secs(at.seconds().max(0).unsigned_abs());
        let signed = SetOfVec::try_from(vec![
            attribute(CONTENT_TYPE, &DATA)?,
            attribute(SIGNING_TIME, &Time::from(DateTime::from_unix_duration(since_1970)?))?,
            attribute(MESSAGE_DIGEST, &OctetString::new(digest(&SHA256, content).as_ref())?)?,
        ])?;
        let mut signature = vec![0; self.key.public_modulus_len()];
        #[expect(clippy::disallowed_methods, reason = "the interface wants a source that this padding does not ask")]
        let done = self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &signed.to_der()?, &mut signature);
        done.expect("the signature has room, and this padding needs no randomness");
        let subject = self.certificate.tbs_certificate();
        let signer = SignerInfo {
            version: 1,
            sid: IssuerAndSerialNumber {
                issuer: subject.issuer().clone(),
                serial_number: subject.serial_number().clone(),
            },
            digest_algorithm: algorithm(SHA_256, None),
            signed,
            signature_algorithm: algorithm(RSA, Some(Any::null())),
            signature: OctetString::new(signature)?,
        };
        let content = SignedData {
            version: 1,
            digest_algorithms: SetOfVec::try_from(vec![algorithm(SHA_256, None)])?,
            content: Content { kind: DATA },
            certificates: self.shown.clone(),
            signers: SetOfVec::try_from(vec![Any::encode_from(&signer)?])?,
        };
        ContentInfo { kind: SIGNED_DATA, content }.to_der()
    }
}

fn certificate_in(pem: &[u8], what: &'static str) -> Result<(Certificate, Any), SetupError> {
    let none = || SetupError::NoCertificate(what);
    let der = CertificateDer::from_pem_slice(pem).map_err(|_| none())?;
    let certificate = Certificate::from_der(&der).map_err(|_| none())?;
    Ok((certificate, Any::from_der(&der).map_err(|_| none())?))
}

/// By the signature: another certificate may have the issuer's name.
fn is_issued_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    let (signed, issuer) = (certificate.tbs_certificate(), issuer.tbs_certificate());
    let algorithm = match certificate.signature_algorithm().oid {
        RSA_SHA_256 => &RSA_PKCS1_2048_8192_SHA256,
        RSA_SHA_384 => &RSA_PKCS1_2048_8192_SHA384,
        RSA_SHA_512 => &RSA_PKCS1_2048_8192_SHA512,
        _ => return false,
    };
    let key = UnparsedPublicKey::new(algorithm, issuer.subject_public_key_info().subject_public_key.raw_bytes());
    let signature = certificate.signature().raw_bytes();
    signed.issuer() == issuer.subject() && signed.to_der().is_ok_and(|signed| key.verify(&signed, signature).is_ok())
}

fn algorithm(oid: ObjectIdentifier, parameters: Option<Any>) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid, parameters }
}

fn attribute(oid: ObjectIdentifier, value: &impl Encode) -> der::Result<Attribute> {
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![Any::from_der(&value.to_der()?)?])? })
}

#[derive(Sequence)]
struct ContentInfo {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    content: SignedData,
}

#[derive(Sequence)]
struct SignedData {
    version: u8,
    digest_algorithms: SetOfVec<AlgorithmIdentifierOwned>,
    content: Content,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true")]
    certificates: SetOfVec<Any>,
    signers: SetOfVec<Any>,
}

/// What was signed, which stands elsewhere.
#[derive(Sequence)]
struct Content {
    kind: ObjectIdentifier,
}

#[derive(Sequence)]
struct SignerInfo {
    version: u8,
    sid: IssuerAndSerialNumber,
    digest_algorithm: AlgorithmIdentifierOwned,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true")]
    signed: SetOfVec<Attribute>,
    signature_algorithm: AlgorithmIdentifierOwned,
    signature: OctetString,
}

#[derive(Sequence)]
struct IssuerAndSerialNumber {
    issuer: Name,
    serial_number: SerialNumber,
}
