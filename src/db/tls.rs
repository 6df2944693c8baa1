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

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use rcgen::{
        BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, IsCa, Issuer,
        KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, SigningKey as _,
        date_time_ymd,
    };
    use tempfile::TempDir;
    use x509_cert::der::EncodePem as _;
    use x509_cert::der::asn1::BitString;
    use x509_cert::der::pem::LineEnding;

    use super::*;
    use crate::db::connect::{ConnectError, Connection, Connector, connect};
    use crate::db::parameters::{Parameters, Surroundings};
    use crate::db::scratch::{self, Options, Scratch};
    use crate::db::secret::Secret;

    /// An authority of our own.
    struct Authority {
        issuer: Issuer<'static, KeyPair>,
        pem: String,
    }

    impl Authority {
        fn new(name: &str) -> Authority {
            let mut params = named(&[], Some(name));
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            let key = KeyPair::generate().unwrap();
            let pem = params.self_signed(&key).unwrap().pem();
            Authority {
                issuer: Issuer::new(params, key),
                pem,
            }
        }

        fn issue(&self, params: &CertificateParams) -> (String, KeyPair) {
            let key = KeyPair::generate().unwrap();
            (params.signed_by(&key, &self.issuer).unwrap().pem(), key)
        }

        /// As `openssl x509 -req` makes it from PostgreSQL's manual: version 1, without extensions.
        fn issue_version_1(&self, params: &CertificateParams) -> (String, KeyPair) {
            let key = KeyPair::generate().unwrap();
            let made = params.signed_by(&key, &self.issuer).unwrap();
            let mut certificate = Certificate::from_der(made.der()).unwrap();
            certificate.tbs_certificate.version = x509_cert::Version::V1;
            certificate.tbs_certificate.extensions = None;
            let signature = self
                .issuer
                .key()
                .sign(&certificate.tbs_certificate.to_der().unwrap())
                .unwrap();
            certificate.signature = BitString::from_bytes(&signature).unwrap();
            (certificate.to_pem(LineEnding::LF).unwrap(), key)
        }
    }

    fn named(alternatives: &[&str], common: Option<&str>) -> CertificateParams {
        let alternatives: Vec<String> = alternatives.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(alternatives).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        if let Some(name) = common {
            params.distinguished_name.push(DnType::CommonName, name);
        }
        params
    }

    fn files(certificate: &str, key: &KeyPair, client_ca: Option<&str>) -> Option<scratch::TlsFiles> {
        Some(scratch::TlsFiles {
            certificate: certificate.to_owned(),
            key: Secret::new(key.serialize_pem()),
            client_ca: client_ca.map(str::to_owned),
        })
    }

    /// A directory with these files, private to us.
    fn directory(files: &[(&str, &str)]) -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = directory.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        directory
    }

    async fn try_connect(given: &str) -> Result<Connection, ConnectError> {
        let parameters = Parameters::resolve(Some(given), &|_| None, &Surroundings::default()).unwrap();
        Connector::new(&parameters)
            .patience(Duration::ZERO)
            .connect()
            .await
    }

    /// `tls`, `plain` or `no`.
    async fn outcome(given: &str) -> &'static str {
        match try_connect(given).await {
            Ok(connection) => {
                let sql = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
                let encrypted: bool = connection.client.query_one(sql, &[]).await.unwrap().get(0);
                assert_eq!(encrypted, connection.server.encrypted);
                if encrypted { "tls" } else { "plain" }
            }
            Err(_) => "no",
        }
    }

    /// The same by libpq.
    fn outcome_of_psql(psql: &Path, given: &str) -> &'static str {
        let output = Command::new(psql)
            .args([
                "-XAtw",
                "-c",
                "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
                given,
            ])
            .env_clear()
            .env("HOME", "/nonexistent")
            .output()
            .unwrap();
        match String::from_utf8_lossy(&output.stdout).trim() {
            "t" => "tls",
            "f" => "plain",
            _ => "no",
        }
    }

    const HBA: &str = "local all all trust\n\
                       hostssl all only_tls 127.0.0.1/32 trust\n\
                       hostnossl all only_plain 127.0.0.1/32 trust\n\
                       hostssl all certified 127.0.0.1/32 cert\n\
                       hostssl all vouched 127.0.0.1/32 trust clientcert=verify-ca\n\
                       host all scram 127.0.0.1/32 scram-sha-256\n\
                       host all md5 127.0.0.1/32 md5\n\
                       host all either 127.0.0.1/32 trust\n";

    async fn server(tls: Option<scratch::TlsFiles>) -> Scratch {
        let options = Options {
            tcp: true,
            hba: Some(HBA.into()),
            tls,
            ..Options::default()
        };
        let server = Scratch::start(options).await.unwrap();
        let roles = "set password_encryption = 'scram-sha-256';
                     create role only_tls login; create role only_plain login; create role either login;
                     create role certified login; create role vouched login;
                     create role scram login password 'right';
                     set password_encryption = md5; create role md5 login password 'right';";
        server.run("postgres", roles).await.unwrap();
        server
    }

    /// What libpq does, as far as it can be said in one sentence for each mode.
    fn expected(mode: &str, speaks_tls: bool, root: &str, right_name: bool, user: &str) -> &'static str {
        let (plain, tls) = (user != "only_tls", user != "only_plain" && speaks_tls);
        let verified = root == "right" && (right_name || mode != "verify-full");
        let tls = tls && (verified || (root == "none" && !mode.starts_with("verify")));
        let (tls, plain) = (tls.then_some("tls"), plain.then_some("plain"));
        let outcome = match mode {
            "disable" => plain,
            "allow" => plain.or(tls),
            "prefer" => tls.or(plain),
            _ => tls,
        };
        outcome.unwrap_or("no")
    }

    #[tokio::test]
    async fn each_mode_accepts_and_refuses_what_libpq_does() {
        let (right, wrong) = (Authority::new("right"), Authority::new("wrong"));
        let (certificate, key) = right.issue(&named(&["localhost"], None));
        let home = directory(&[("right.crt", &right.pem), ("wrong.crt", &wrong.pem)]);
        let servers = [
            (true, server(files(&certificate, &key, None)).await),
            (false, server(None).await),
        ];
        let psql = servers[0].1.programs().join("psql");
        let mut compared = 0;
        for mode in [
            "disable",
            "allow",
            "prefer",
            "require",
            "verify-ca",
            "verify-full",
        ] {
            for (speaks_tls, server) in &servers {
                for root in ["none", "right", "wrong"] {
                    for (name, right_name) in [("localhost", true), ("db.example.com", false)] {
                        if !speaks_tls && (root == "wrong" || !right_name) {
                            continue;
                        }
                        for user in ["either", "only_tls", "only_plain"] {
                            let mut given = format!(
                                "host={name} hostaddr=127.0.0.1 port={} user={user} dbname=postgres sslmode={mode}",
                                server.port()
                            );
                            if root != "none" {
                                let path = home.path().join(format!("{root}.crt"));
                                given.push_str(&format!(" sslrootcert={}", path.display()));
                            }
                            let expected = expected(mode, *speaks_tls, root, right_name, user);
                            assert_eq!(outcome(&given).await, expected, "{given}");
                            if psql.exists() {
                                assert_eq!(outcome_of_psql(&psql, &given), expected, "psql: {given}");
                                compared += 1;
                            }
                        }
                    }
                }
            }
        }
        assert!(compared == 0 || compared == 144);
    }

    #[tokio::test]
    async fn a_refused_certificate_says_why() {
        let authority = Authority::new("authority");
        let (certificate, key) = authority.issue(&named(&["db.example.com"], None));
        let root = directory(&[("root.crt", &authority.pem)]);
        let server = server(files(&certificate, &key, None)).await;
        let given = |more: &str| {
            let root = root.path().join("root.crt");
            let common = "hostaddr=127.0.0.1 user=either dbname=postgres";
            format!(
                "{common} port={} sslrootcert={} {more}",
                server.port(),
                root.display()
            )
        };
        let message = |error: ConnectError| error.message().replace(&server.port().to_string(), "PORT");

        let error = try_connect(&given("host=localhost sslmode=verify-full"))
            .await
            .unwrap_err();
        assert_eq!(
            message(error),
            "the certificate of localhost:PORT is for db.example.com, not for localhost"
        );
        let error = try_connect(&given(
            "host=db.example.com sslmode=verify-full sslrootcert=/nonexistent",
        ))
        .await;
        assert_eq!(
            message(error.unwrap_err()),
            "sslmode=verify-full needs root certificates, and there are none at /nonexistent"
        );

        let mut expired = named(&["db.example.com"], None);
        (expired.not_before, expired.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
        let mut early = named(&["db.example.com"], None);
        (early.not_before, early.not_after) = (date_time_ymd(2101, 1, 1), date_time_ymd(2102, 1, 1));
        let stranger = Authority::new("stranger").issue(&named(&["db.example.com"], None));
        for ((certificate, key), expected) in [
            (
                authority.issue(&expired),
                "the certificate of db.example.com:PORT has expired",
            ),
            (
                authority.issue(&early),
                "the certificate of db.example.com:PORT is not valid yet",
            ),
            (
                stranger,
                "the certificate of db.example.com:PORT is signed by nobody we trust",
            ),
            (
                authority.issue_version_1(&expired),
                "the certificate of db.example.com:PORT is signed by nobody we trust",
            ),
        ] {
            serve(&server, &certificate, &key).await;
            let error = try_connect(&given("host=db.example.com sslmode=verify-full"))
                .await
                .unwrap_err();
            assert_eq!(message(error), expected);
            // who does not ask does not mind
            let port = server.port();
            let careless = format!("host=localhost port={port} user=either dbname=postgres sslmode=require");
            assert_eq!(outcome(&careless).await, "tls");
        }
    }

    /// The key in PEM. OpenSSL does not read the second version of PKCS#8, in which ring writes Ed25519.
    fn private(key: &KeyPair) -> String {
        if !key.is_compatible(&rcgen::PKCS_ED25519) {
            return key.serialize_pem();
        }
        let mut first = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
        first.extend(&key.serialize_der()[16..48]);
        x509_cert::der::pem::encode_string("PRIVATE KEY", LineEnding::LF, &first).unwrap()
    }

    /// Gives the server another certificate and waits until it shows it.
    async fn serve(server: &Scratch, certificate: &str, key: &KeyPair) {
        fs::write(server.directory().join("server.crt"), certificate).unwrap();
        fs::write(server.directory().join("server.key"), private(key)).unwrap();
        server.run("postgres", "select pg_reload_conf()").await.unwrap();
        let der = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        let begin = Instant::now();
        while shown(server).await != der {
            assert!(
                begin.elapsed() < Duration::from_secs(10),
                "the server keeps its old certificate"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The certificate that the server shows, learned from one who trusts nobody.
    async fn shown(server: &Scratch) -> CertificateDer<'static> {
        use std::sync::Mutex;
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        use tokio::net::TcpStream;
        use tokio_postgres::tls::{MakeTlsConnect, TlsConnect as _};

        #[derive(Debug)]
        struct Curious(Mutex<Option<CertificateDer<'static>>>);
        impl ServerCertVerifier for Curious {
            fn verify_server_cert(
                &self,
                shown: &CertificateDer<'_>,
                _: &[CertificateDer<'_>],
                _: &ServerName<'_>,
                _: &[u8],
                _: UnixTime,
            ) -> Result<ServerCertVerified, Error> {
                *self.0.lock().unwrap() = Some(shown.clone().into_owned());
                Err(CertificateError::UnknownIssuer.into())
            }
            fn verify_tls12_signature(
                &self,
                _: &[u8],
                _: &CertificateDer<'_>,
                _: &DigitallySignedStruct,
            ) -> Result<HandshakeSignatureValid, Error> {
                Err(Error::HandshakeNotComplete)
            }
            fn verify_tls13_signature(
                &self,
                _: &[u8],
                _: &CertificateDer<'_>,
                _: &DigitallySignedStruct,
            ) -> Result<HandshakeSignatureValid, Error> {
                Err(Error::HandshakeNotComplete)
            }
            fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
                ring::default_provider()
                    .signature_verification_algorithms
                    .supported_schemes()
            }
        }

        let curious = Arc::new(Curious(Mutex::new(None)));
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(curious.clone())
            .with_no_client_auth();
        let mut line = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
        line.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await.unwrap();
        assert_eq!(line.read_u8().await.unwrap(), b'S');
        let mut tls = MakeRustlsConnect::new(config);
        let Ok(connector) = MakeTlsConnect::<TcpStream>::make_tls_connect(&mut tls, "localhost");
        let _ = connector.connect(line).await;
        let shown = curious.0.lock().unwrap().take();
        shown.unwrap()
    }

    #[tokio::test]
    async fn certificates_as_the_manual_makes_them() {
        let authority = Authority::new("authority");
        let mut own_root = named(&[], Some("localhost"));
        own_root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own_key = KeyPair::generate().unwrap();
        let own_pem = own_root.self_signed(&own_key).unwrap().pem();
        let root = directory(&[("root.crt", &authority.pem), ("own.crt", &own_pem)]);
        let (certificate, key) = authority.issue(&named(&["localhost"], None));
        let server = server(files(&certificate, &key, None)).await;
        let given = |mode: &str, root_name: &str, name: &str| {
            let root = root.path().join(root_name);
            let common = "hostaddr=127.0.0.1 dbname=postgres password=right";
            format!(
                "{common} host={name} user=scram port={} sslrootcert={} sslmode={mode}",
                server.port(),
                root.display()
            )
        };
        let psql = server.programs().join("psql");
        let common = named(&[], Some("localhost"));
        let wildcard = named(&["*.example.com"], Some("localhost"));
        let addresses = named(&["127.0.0.1", "::1"], None);
        for ((certificate, key), root, name, authentic, full) in [
            (
                authority.issue_version_1(&common),
                "root.crt",
                "localhost",
                "tls",
                "tls",
            ),
            (
                authority.issue_version_1(&common),
                "root.crt",
                "other",
                "tls",
                "no",
            ),
            (
                authority.issue_version_1(&common),
                "own.crt",
                "localhost",
                "no",
                "no",
            ),
            (
                Authority::new("authority").issue_version_1(&common),
                "root.crt",
                "localhost",
                "no",
                "no",
            ),
            (authority.issue(&common), "root.crt", "localhost", "tls", "tls"),
            (authority.issue(&common), "root.crt", "LOCALHOST", "tls", "tls"),
            (authority.issue(&common), "root.crt", "other", "tls", "no"),
            (
                authority.issue(&named(&[], Some("127.0.0.1"))),
                "root.crt",
                "127.0.0.1",
                "tls",
                "tls",
            ),
            // with an alternative name the common one does not count
            (authority.issue(&wildcard), "root.crt", "localhost", "tls", "no"),
            (
                authority.issue(&wildcard),
                "root.crt",
                "db.example.com",
                "tls",
                "tls",
            ),
            (
                authority.issue(&wildcard),
                "root.crt",
                "a.db.example.com",
                "tls",
                "no",
            ),
            (authority.issue(&addresses), "root.crt", "127.0.0.1", "tls", "tls"),
            ((own_pem.clone(), own_key), "own.crt", "localhost", "tls", "tls"),
        ] {
            serve(&server, &certificate, &key).await;
            for (mode, expected) in [("verify-ca", authentic), ("verify-full", full)] {
                let given = given(mode, root, name);
                assert_eq!(outcome(&given).await, expected, "{given}");
                if psql.exists() {
                    assert_eq!(outcome_of_psql(&psql, &given), expected, "psql: {given}");
                }
            }
            let bound = format!(
                "host=localhost port={} user=scram password=right dbname=postgres sslmode=require channel_binding=require",
                server.port()
            );
            for version in ["TLSv1.2", "TLSv1.3"] {
                let given =
                    format!("{bound} ssl_min_protocol_version={version} ssl_max_protocol_version={version}");
                assert_eq!(outcome(&given).await, "tls", "{given}");
            }
        }
    }

    #[tokio::test]
    async fn channel_binding() {
        let authority = Authority::new("authority");
        let (certificate, key) = authority.issue(&named(&["localhost"], None));
        let server = server(files(&certificate, &key, None)).await;
        let given = |user: &str, more: &str| {
            format!(
                "host=localhost port={} user={user} password=right dbname=postgres {more}",
                server.port()
            )
        };
        for (user, more, expected) in [
            ("scram", "channel_binding=require", "tls"),
            ("scram", "channel_binding=prefer", "tls"),
            ("scram", "channel_binding=disable", "tls"),
            ("scram", "channel_binding=require sslmode=disable", "no"),
            ("scram", "sslmode=disable", "plain"),
            ("md5", "channel_binding=require", "no"),
            ("md5", "channel_binding=prefer", "tls"),
            ("either", "channel_binding=require", "no"),
        ] {
            assert_eq!(outcome(&given(user, more)).await, expected, "{user} {more}");
        }
        let error = try_connect(&given("md5", "channel_binding=require sslmode=require"))
            .await
            .unwrap_err();
        assert!(
            matches!(error, ConnectError::NoChannelBinding { encrypted: true, .. }),
            "{error}"
        );

        let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let certificate = named(&["localhost"], None).self_signed(&key).unwrap();
        serve(&server, &certificate.pem(), &key).await;
        assert_eq!(
            outcome(&given("scram", "sslmode=require channel_binding=prefer")).await,
            "tls"
        );
        assert_eq!(
            outcome(&given("scram", "sslmode=require channel_binding=require")).await,
            "no"
        );
    }

    #[tokio::test]
    async fn client_certificates() {
        let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
        let (certificate, key) = ours.issue(&named(&["localhost"], None));
        let server = server(files(&certificate, &key, Some(&ours.pem))).await;
        let (good, good_key) = ours.issue(&named(&[], Some("certified")));
        let (other, other_key) = ours.issue(&named(&[], Some("somebody")));
        let (foreign, foreign_key) = theirs.issue(&named(&[], Some("certified")));
        let (old, old_key) = ours.issue_version_1(&named(&[], Some("certified")));
        let home = directory(&[
            ("good.crt", &good),
            ("good.key", &good_key.serialize_pem()),
            ("other.crt", &other),
            ("other.key", &other_key.serialize_pem()),
            ("foreign.crt", &foreign),
            ("foreign.key", &foreign_key.serialize_pem()),
            ("old.crt", &old),
            ("old.key", &old_key.serialize_pem()),
            ("open.key", &good_key.serialize_pem()),
            (
                "locked.key",
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n",
            ),
        ]);
        let open = home.path().join("open.key");
        fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
        let given = |user: &str, certificate: &str, key: &str| {
            let common = "host=localhost dbname=postgres sslmode=require";
            let file = |name: &str| home.path().join(name).display().to_string();
            let port = server.port();
            format!(
                "{common} port={port} user={user} sslcert={} sslkey={}",
                file(certificate),
                file(key)
            )
        };
        let error = async |user: &str, certificate: &str, key: &str| {
            let error = try_connect(&given(user, certificate, key)).await.unwrap_err();
            let text = error.message().replace(&server.port().to_string(), "PORT");
            text.replace(&home.path().display().to_string(), "HOME")
        };
        assert_eq!(outcome(&given("certified", "good.crt", "good.key")).await, "tls");
        assert_eq!(outcome(&given("certified", "old.crt", "old.key")).await, "tls");
        assert_eq!(outcome(&given("vouched", "other.crt", "other.key")).await, "tls");
        assert_eq!(
            error("certified", "other.crt", "other.key").await,
            "localhost:PORT refused the login of certified: certificate authentication failed for user \"certified\""
        );
        for user in ["certified", "vouched"] {
            assert_eq!(
                error(user, "absent.crt", "absent.key").await,
                "localhost:PORT does not accept our client certificate: it wants one, and none was sent"
            );
        }
        assert_eq!(
            error("certified", "foreign.crt", "foreign.key").await,
            "localhost:PORT does not accept our client certificate: it is signed by nobody whom the server trusts"
        );
        assert_eq!(
            error("certified", "good.crt", "open.key").await,
            "the private key HOME/open.key has permissions 0644: others have access"
        );
        assert_eq!(
            error("certified", "good.crt", "locked.key").await,
            "no private key can be read from HOME/locked.key: it is protected by a passphrase"
        );
        assert_eq!(
            error("certified", "good.crt", "other.key").await,
            "no private key can be read from HOME/other.key: it does not belong to the certificate HOME/good.crt"
        );
        assert_eq!(
            error("certified", "good.key", "good.key").await,
            "no client certificate can be read from HOME/good.key: there is none in it"
        );
        // cancelling takes the same way
        let parameters = given("certified", "good.crt", "good.key");
        let connection = try_connect(&parameters).await.unwrap();
        let canceller = connection.canceller();
        let (slept, cancelled) =
            tokio::join!(connection.client.batch_execute("select pg_sleep(60)"), async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                canceller.cancel().await
            });
        cancelled.unwrap();
        assert_eq!(
            slept.unwrap_err().code(),
            Some(&tokio_postgres::error::SqlState::QUERY_CANCELED)
        );
    }

    #[tokio::test]
    async fn revoked_certificates() {
        let authority = Authority::new("authority");
        let mut params = named(&["localhost"], None);
        params.serial_number = Some(SerialNumber::from(42));
        let (certificate, key) = authority.issue(&params);
        let list = |serial: u64| {
            let revoked = RevokedCertParams {
                serial_number: SerialNumber::from(serial),
                revocation_time: date_time_ymd(2020, 1, 1),
                reason_code: None,
                invalidity_date: None,
            };
            let params = CertificateRevocationListParams {
                this_update: date_time_ymd(2020, 1, 1),
                next_update: date_time_ymd(2120, 1, 1),
                crl_number: SerialNumber::from(1),
                issuing_distribution_point: None,
                revoked_certs: vec![revoked],
                key_identifier_method: KeyIdMethod::Sha256,
            };
            params.signed_by(&authority.issuer).unwrap().pem().unwrap()
        };
        let home = directory(&[
            ("root.crt", &authority.pem),
            ("this.crl", &list(42)),
            ("other.crl", &list(7)),
        ]);
        let server = server(files(&certificate, &key, None)).await;
        let given = |list: &str| {
            let file = |name: &str| home.path().join(name).display().to_string();
            let common = "host=localhost user=either dbname=postgres sslmode=verify-full";
            format!(
                "{common} port={} sslrootcert={} sslcrl={}",
                server.port(),
                file("root.crt"),
                file(list)
            )
        };
        assert_eq!(outcome(&given("other.crl")).await, "tls");
        let error = try_connect(&given("this.crl")).await.unwrap_err();
        assert!(matches!(error, ConnectError::Revoked { .. }), "{error}");
    }

    #[tokio::test]
    async fn the_handshake_may_come_first() {
        let authority = Authority::new("authority");
        let (certificate, key) = authority.issue(&named(&["localhost"], None));
        let server = server(files(&certificate, &key, None)).await;
        let given = format!(
            "host=localhost port={} user=either dbname=postgres sslmode=require sslnegotiation=direct",
            server.port()
        );
        let outcome = try_connect(&given).await;
        match server.version_num() {
            170_000.. => assert!(outcome.unwrap().server.encrypted),
            _ => assert!(matches!(outcome.unwrap_err(), ConnectError::Handshake { .. })),
        }
    }

    #[tokio::test]
    async fn the_system_trusts_no_certificate_of_ours() {
        let authority = Authority::new("authority");
        let (certificate, key) = authority.issue(&named(&["localhost"], None));
        let server = server(files(&certificate, &key, None)).await;
        let given = format!(
            "host=localhost port={} user=either dbname=postgres sslrootcert=system",
            server.port()
        );
        let error = try_connect(&given).await.unwrap_err();
        // a machine without root certificates says so instead
        let system = matches!(
            error,
            ConnectError::Tls {
                error: TlsError::NoSystemRoots { .. }
            }
        );
        assert!(
            system || matches!(error, ConnectError::UnknownIssuer { .. }),
            "{error}"
        );
        // sockets need no TLS
        let mut parameters = server.parameters("postgres");
        parameters.tls.mode = SslMode::VerifyFull;
        assert!(!connect(&parameters).await.unwrap().server.encrypted);
    }
}
