//! TLS as libpq does it: who must prove what under which `sslmode`.
//!
//! Certificates are judged by webpki, which is stricter than the OpenSSL that libpq uses. What PostgreSQL's own manual tells
//! people to make is accepted all the same: certificates of X.509 version 1, names in the subject alone, and a
//! self-signed certificate that is its own root.

use std::fmt;
use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::crypto::{ring, verify_tls13_signature_with_raw_key};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName, SubjectPublicKeyInfoDer,
    UnixTime,
};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    SupportedProtocolVersion,
};
use tokio_postgres_rustls::MakeRustlsConnect;
use x509_cert::Certificate;
use x509_cert::der::asn1::{Ia5StringRef, PrintableStringRef, Utf8StringRef};
use x509_cert::der::oid::db::rfc4519::CN;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, SubjectAltName};
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::db::parameters::{RootCertificates, SslMode, TlsParameters, TlsVersion};

/// Why TLS cannot even be tried: something is wrong with our own files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsError {
    /// The mode demands that the server proves who it is, and there is nobody to vouch for it.
    NoRootCertificates { mode: SslMode, looked: Option<PathBuf> },
    /// The system has no root certificates.
    NoSystemRoots { reason: String },
    /// A file that is there and of no use. `what` says what it should hold.
    BadFile {
        what: &'static str,
        path: PathBuf,
        reason: String,
    },
    /// Others may read the private key.
    KeyPermissions { path: PathBuf, mode: u32 },
    /// `sslcertmode=require` without a certificate.
    NoCertificate,
}

impl TlsError {
    /// One imperative line.
    pub fn help(&self) -> String {
        match self {
            TlsError::NoRootCertificates { .. } => {
                "name the file with sslrootcert, or trust the system's list with sslrootcert=system".into()
            }
            TlsError::NoSystemRoots { .. } => {
                "install the system's certificates (package ca-certificates), or name a file with sslrootcert"
                    .into()
            }
            TlsError::BadFile { reason, .. } if reason.contains("passphrase") => {
                "give a key without a passphrase: `openssl pkey -in KEY -out PLAIN_KEY`".into()
            }
            TlsError::BadFile { path, .. } => format!("put a file in PEM format at {}", path.display()),
            TlsError::KeyPermissions { path, .. } => format!("run `chmod 600 {}`", path.display()),
            TlsError::NoCertificate => "name one with sslcert and its key with sslkey".into(),
        }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsError::NoRootCertificates {
                mode,
                looked: Some(path),
            } => {
                write!(
                    f,
                    "sslmode={mode} needs root certificates, and there are none at {}",
                    path.display()
                )
            }
            TlsError::NoRootCertificates { mode, looked: None } => {
                write!(f, "sslmode={mode} needs root certificates, and none are named")
            }
            TlsError::NoSystemRoots { reason } => {
                write!(f, "the system's root certificates cannot be read: {reason}")
            }
            TlsError::BadFile { what, path, reason } => {
                write!(f, "no {what} can be read from {}: {reason}", path.display())
            }
            TlsError::KeyPermissions { path, mode } => {
                write!(
                    f,
                    "the private key {} has permissions {mode:04o}: others have access",
                    path.display()
                )
            }
            TlsError::NoCertificate => f.write_str("sslcertmode=require, and there is no client certificate"),
        }
    }
}

/// How much the server has to prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// That it has the key of the certificate it shows.
    Key,
    /// And that somebody we trust has signed the certificate.
    Chain,
    /// And that it is for the host we wanted.
    Name,
}

/// Reads the files and makes a connector of them.
///
/// # Errors
/// Every [`TlsError`].
pub(super) fn prepare(parameters: &TlsParameters) -> Result<MakeRustlsConnect, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(Verifier::new(parameters, &provider)?);
    let versions: Vec<&'static SupportedProtocolVersion> = [
        (TlsVersion::V1_2, &rustls::version::TLS12),
        (TlsVersion::V1_3, &rustls::version::TLS13),
    ]
    .into_iter()
    .filter(|(version, _)| (parameters.min_version..=parameters.max_version).contains(version))
    .map(|(_, version)| version)
    .collect();
    let failure = |error: Error| TlsError::NoSystemRoots {
        reason: error.to_string(),
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions)
        .map_err(failure)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match client_certificate(parameters, &provider)? {
        Some(own) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own))),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    config.enable_sni = parameters.sni;
    Ok(MakeRustlsConnect::new(config))
}

fn client_certificate(
    parameters: &TlsParameters,
    provider: &CryptoProvider,
) -> Result<Option<CertifiedKey>, TlsError> {
    let Some(path) = &parameters.certificate else {
        return if parameters.certificate_required {
            Err(TlsError::NoCertificate)
        } else {
            Ok(None)
        };
    };
    let chain = read_pem(path, "client certificate", |text| {
        CertificateDer::pem_slice_iter(text).collect()
    })?;
    let key_path = parameters
        .key
        .clone()
        .unwrap_or_else(|| path.with_extension("key"));
    let bad_key = |reason: String| TlsError::BadFile {
        what: "private key",
        path: key_path.clone(),
        reason,
    };
    let data = fs::metadata(&key_path).map_err(|error| bad_key(error.to_string()))?;
    let mode = data.permissions().mode() & 0o777;
    // as libpq: root may lend its key to a group
    let forbidden = if data.uid() == 0 { 0o037 } else { 0o077 };
    if mode & forbidden != 0 {
        return Err(TlsError::KeyPermissions { path: key_path, mode });
    }
    let text = fs::read(&key_path).map_err(|error| bad_key(error.to_string()))?;
    if text.windows(9).any(|window| window == b"ENCRYPTED") {
        return Err(bad_key("it is protected by a passphrase".into()));
    }
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(|error| bad_key(error.to_string()))?;
    let key = provider
        .key_provider
        .load_private_key(key)
        .map_err(|error| bad_key(error.to_string()))?;
    let own = CertifiedKey::new(chain, key);
    if let Err(Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) = own.keys_match() {
        return Err(bad_key(format!(
            "it does not belong to the certificate {}",
            path.display()
        )));
    }
    Ok(Some(own))
}

/// The items of a PEM file, of which there must be at least one.
fn read_pem<T>(
    path: &Path,
    what: &'static str,
    read: impl Fn(&[u8]) -> Result<Vec<T>, rustls::pki_types::pem::Error>,
) -> Result<Vec<T>, TlsError> {
    let bad = |reason: String| TlsError::BadFile {
        what,
        path: path.to_owned(),
        reason,
    };
    let bytes = fs::read(path).map_err(|error| bad(error.to_string()))?;
    match read(&bytes) {
        Ok(items) if items.is_empty() => Err(bad("there is none in it".into())),
        Ok(items) => Ok(items),
        Err(error) => Err(bad(error.to_string())),
    }
}

/// Judges the server's certificate.
#[derive(Debug)]
struct Verifier {
    proof: Proof,
    provider: Arc<CryptoProvider>,
    /// Absent when only the key has to be proven.
    webpki: Option<Arc<WebPkiServerVerifier>>,
    /// The trusted certificates as they are in the file.
    roots: Vec<CertificateDer<'static>>,
    /// Whether OpenSSL's opinion counts where webpki turns away: not for the public's certificates, nor when
    /// revocation lists are in force, which only webpki consults.
    lenient: bool,
}

impl Verifier {
    fn new(parameters: &TlsParameters, provider: &Arc<CryptoProvider>) -> Result<Verifier, TlsError> {
        let (roots, proof) = match (&parameters.roots, parameters.mode) {
            (RootCertificates::System, _) => (system_roots()?, Proof::Name),
            (RootCertificates::File(path), mode) => {
                let read = |text: &[u8]| CertificateDer::pem_slice_iter(text).collect();
                // a file that is there is used whatever the mode, as libpq does
                let proof = if mode == SslMode::VerifyFull {
                    Proof::Name
                } else {
                    Proof::Chain
                };
                (read_pem(path, "root certificate", read)?, proof)
            }
            (RootCertificates::Missing(path), mode @ (SslMode::VerifyCa | SslMode::VerifyFull)) => {
                return Err(TlsError::NoRootCertificates {
                    mode,
                    looked: Some(path.clone()),
                });
            }
            (RootCertificates::None, mode @ (SslMode::VerifyCa | SslMode::VerifyFull)) => {
                return Err(TlsError::NoRootCertificates { mode, looked: None });
            }
            (RootCertificates::Missing(_) | RootCertificates::None, _) => (Vec::new(), Proof::Key),
        };
        let mut verifier = Verifier {
            proof,
            provider: Arc::clone(provider),
            webpki: None,
            roots,
            lenient: false,
        };
        if proof == Proof::Key {
            return Ok(verifier);
        }
        verifier.lenient = parameters.roots != RootCertificates::System && parameters.revoked.is_none();
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(verifier.roots.iter().cloned());
        let mut builder = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider));
        if let Some(path) = &parameters.revoked {
            let read = |text: &[u8]| CertificateRevocationListDer::pem_slice_iter(text).collect();
            builder = builder.with_crls(read_pem(path, "revocation list", read)?);
        }
        let built = builder.build().map_err(|error| match &parameters.roots {
            RootCertificates::File(path) => {
                let reason = error.to_string();
                TlsError::BadFile {
                    what: "root certificate",
                    path: path.clone(),
                    reason,
                }
            }
            _ => TlsError::NoSystemRoots {
                reason: error.to_string(),
            },
        })?;
        verifier.webpki = Some(built);
        Ok(verifier)
    }

    /// Accepts a certificate that webpki will not look at, when a trusted certificate has signed it or it is one itself.
    fn signed_by_a_root(&self, shown: &CertificateDer<'_>, now: UnixTime) -> bool {
        let Ok(certificate) = Certificate::from_der(shown) else {
            return false;
        };
        if !is_current(&certificate, now) {
            return false;
        }
        if self.roots.iter().any(|root| root == shown) {
            return true;
        }
        self.roots
            .iter()
            .filter_map(|root| Certificate::from_der(root).ok())
            .any(|root| {
                root.tbs_certificate.subject == certificate.tbs_certificate.issuer
                    && is_current(&root, now)
                    && is_authority(&root)
                    && self.has_signed(&root, &certificate).unwrap_or(false)
            })
    }

    fn has_signed(&self, issuer: &Certificate, certificate: &Certificate) -> Option<bool> {
        let signed = certificate.tbs_certificate.to_der().ok()?;
        let signature = certificate.signature.as_bytes()?;
        let key = &issuer.tbs_certificate.subject_public_key_info;
        let key_algorithm = inner_der(&key.algorithm)?;
        let algorithm = inner_der(&certificate.signature_algorithm)?;
        let key = key.subject_public_key.as_bytes()?;
        Some(
            self.provider
                .signature_verification_algorithms
                .all
                .iter()
                .any(|candidate| {
                    candidate.public_key_alg_id().as_ref() == key_algorithm
                        && candidate.signature_alg_id().as_ref() == algorithm
                        && candidate.verify_signature(key, &signed, signature).is_ok()
                }),
        )
    }

    /// The signature of a handshake under a certificate that webpki will not look at.
    fn signed_by_key(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Option<()> {
        let certificate = Certificate::from_der(shown).ok()?;
        let key = &certificate.tbs_certificate.subject_public_key_info;
        let key_algorithm = inner_der(&key.algorithm)?;
        let key = key.subject_public_key.as_bytes()?;
        let mapping = self.provider.signature_verification_algorithms.mapping;
        let (_, candidates) = mapping.iter().find(|(scheme, _)| *scheme == signature.scheme)?;
        let fits = candidates.iter().any(|candidate| {
            candidate.public_key_alg_id().as_ref() == key_algorithm
                && candidate
                    .verify_signature(key, message, signature.signature())
                    .is_ok()
        });
        fits.then_some(())
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(webpki) = &self.webpki else {
            return Ok(ServerCertVerified::assertion());
        };
        let error = match webpki.verify_server_cert(shown, intermediates, name, stapled, now) {
            Ok(verified) => return Ok(verified),
            Err(error) => error,
        };
        let name_only = matches!(
            error,
            Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
            )
        );
        // the name is judged last: the chain has been found good
        let trusted =
            name_only || (is_old_fashioned(&error) && self.lenient && self.signed_by_a_root(shown, now));
        match self.proof {
            _ if !trusted && is_old_fashioned(&error) => Err(CertificateError::UnknownIssuer.into()),
            _ if !trusted => Err(error),
            Proof::Key | Proof::Chain => Ok(ServerCertVerified::assertion()),
            Proof::Name => match Names::of(shown) {
                Some(names) if names.fit(name) => Ok(ServerCertVerified::assertion()),
                names => Err(Error::InvalidCertificate(
                    CertificateError::NotValidForNameContext {
                        expected: name.to_owned(),
                        presented: names.map(Names::list).unwrap_or_default(),
                    },
                )),
            },
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, shown, signature, algorithms).or_else(|error| {
            if !is_old_fashioned(&error) {
                return Err(error);
            }
            self.signed_by_key(message, shown, signature)
                .map(|()| HandshakeSignatureValid::assertion())
                .ok_or(error)
        })
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, shown, signature, algorithms).or_else(|error| {
            let key = Certificate::from_der(shown)
                .and_then(|certificate| certificate.tbs_certificate.subject_public_key_info.to_der());
            match key {
                Ok(key) if is_old_fashioned(&error) => {
                    let key = SubjectPublicKeyInfoDer::from(key);
                    verify_tls13_signature_with_raw_key(message, &key, signature, algorithms)
                }
                _ => Err(error),
            }
        })
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// The system's root certificates.
fn system_roots() -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let reason = found
            .errors
            .first()
            .map_or("there are none".to_owned(), ToString::to_string);
        return Err(TlsError::NoSystemRoots { reason });
    }
    Ok(found.certs)
}

/// Whether webpki turned away from the certificate for its form. It says so only in words.
fn is_old_fashioned(error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            ["UnsupportedCertVersion", "CaUsedAsEndEntity"].contains(&other.0.to_string().as_str())
        }
        _ => false,
    }
}

fn is_current(certificate: &Certificate, now: UnixTime) -> bool {
    let validity = &certificate.tbs_certificate.validity;
    let (begin, end) = (
        validity.not_before.to_unix_duration(),
        validity.not_after.to_unix_duration(),
    );
    (begin.as_secs()..=end.as_secs()).contains(&now.as_secs())
}

/// Version 1 has no place to say so.
fn is_authority(certificate: &Certificate) -> bool {
    let body = &certificate.tbs_certificate;
    match body.get::<BasicConstraints>() {
        Ok(Some((_, constraints))) => constraints.ca,
        Ok(None) => body.version == x509_cert::Version::V1,
        Err(_) => false,
    }
}

/// What is inside the outer SEQUENCE, which is how rustls names algorithms.
fn inner_der(algorithm: &AlgorithmIdentifierOwned) -> Option<Vec<u8>> {
    let der = algorithm.to_der().ok()?;
    // an algorithm's parameters are short: its length has one byte
    der.get(1).filter(|&&length| length < 0x80)?;
    der.get(2..).map(<[u8]>::to_vec)
}

/// The names that a certificate is for.
struct Names {
    dns: Vec<String>,
    addresses: Vec<IpAddr>,
    common: Vec<String>,
}

impl Names {
    fn of(shown: &CertificateDer<'_>) -> Option<Names> {
        let certificate = Certificate::from_der(shown).ok()?;
        let body = &certificate.tbs_certificate;
        let mut names = Names {
            dns: Vec::new(),
            addresses: Vec::new(),
            common: Vec::new(),
        };
        if let Ok(Some((_, SubjectAltName(alternatives)))) = body.get::<SubjectAltName>() {
            for alternative in alternatives {
                match alternative {
                    GeneralName::DnsName(name) => names.dns.push(name.to_string()),
                    GeneralName::IpAddress(bytes) => {
                        let bytes = bytes.as_bytes();
                        let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
                        names
                            .addresses
                            .extend(v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)));
                    }
                    _ => {}
                }
            }
        }
        for attribute in body.subject.0.iter().flat_map(|part| part.0.iter()) {
            let value = &attribute.value;
            if attribute.oid == CN {
                let text = (value
                    .decode_as::<Utf8StringRef<'_>>()
                    .map(|text| text.to_string()))
                .or_else(|_| {
                    value
                        .decode_as::<PrintableStringRef<'_>>()
                        .map(|text| text.to_string())
                })
                .or_else(|_| value.decode_as::<Ia5StringRef<'_>>().map(|text| text.to_string()));
                names.common.extend(text);
            }
        }
        Some(names)
    }

    /// As libpq: the common name counts when there are no alternative names.
    fn fit(&self, name: &ServerName<'_>) -> bool {
        let alone = self.dns.is_empty() && self.addresses.is_empty();
        match name {
            ServerName::DnsName(host) => {
                let names = if alone { &self.common } else { &self.dns };
                names.iter().any(|pattern| matches(pattern, host.as_ref()))
            }
            ServerName::IpAddress(address) => {
                let address = IpAddr::from(*address);
                self.addresses.contains(&address)
                    || (alone && self.common.iter().any(|common| *common == address.to_string()))
            }
            _ => false,
        }
    }

    fn list(self) -> Vec<String> {
        let mut all = self.dns;
        all.extend(self.addresses.iter().map(ToString::to_string));
        if all.is_empty() { self.common } else { all }
    }
}

/// `*.example.com` stands for one label.
fn matches(pattern: &str, host: &str) -> bool {
    let host = host.trim_end_matches('.');
    match pattern.strip_prefix("*.") {
        Some(rest) => {
            rest.contains('.')
                && host
                    .split_once('.')
                    .is_some_and(|(first, tail)| !first.is_empty() && tail.eq_ignore_ascii_case(rest))
        }
        None => pattern.eq_ignore_ascii_case(host),
    }
}
