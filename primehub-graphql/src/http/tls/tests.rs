use rcgen::{CertifiedKey as Made, generate_simple_self_signed};
use rstest::rstest;

use super::*;

fn made() -> (String, String) {
    let Made { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    (cert.pem(), signing_key.serialize_pem())
}

fn secret(text: &str) -> SecretSlice<u8> {
    text.as_bytes().to_vec().into()
}

fn refusal(certificates: &str, key: &str) -> String {
    let error = Tls::from_pem(certificates.as_bytes(), &secret(key)).unwrap_err();
    assert!(!format!("{error:?}").contains("MIIB"), "no part of the texts: {error:?}");
    error.to_string()
}

#[test]
fn a_certificate_with_its_key_is_taken_also_behind_others_and_from_one_text() {
    let ((certificate, key), (other, _)) = (made(), made());
    Tls::from_pem(certificate.as_bytes(), &secret(&key)).unwrap();
    Tls::from_pem(format!("{certificate}{other}").as_bytes(), &secret(&key)).unwrap();
    let both = format!("{key}{certificate}");
    Tls::from_pem(both.as_bytes(), &secret(&both)).unwrap();
    let other_first = refusal(&format!("{other}{certificate}"), &key);
    assert!(other_first.contains("does not belong to the first certificate"), "{other_first}");
}

#[rstest]
#[case::pkcs_8("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n", "is encrypted")]
#[case::older(
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMIIB\n-----END RSA PRIVATE KEY-----\n",
    "is encrypted"
)]
#[case::empty("", "there is no private key")]
#[case::not_pem("secret", "there is no private key")]
#[case::cut("-----BEGIN PRIVATE KEY-----\nMIIB\n", "is no valid PEM")]
#[case::not_base_64("-----BEGIN PRIVATE KEY-----\nMIIB!\n-----END PRIVATE KEY-----\n", "is no valid PEM")]
#[case::nonsense("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n", "cannot be used")]
fn what_is_wrong_with_a_key_is_said(#[case] key: &str, #[case] message: &str) {
    let refusal = refusal(&made().0, key);
    assert!(refusal.contains(message) && refusal.contains("key"), "{refusal}");
}

#[rstest]
#[case::empty("", "there is no certificate")]
#[case::cut("-----BEGIN CERTIFICATE-----\nMIIB\n", "is no valid PEM")]
#[case::nonsense("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "cannot be used")]
fn what_is_wrong_with_a_certificate_is_said(#[case] certificate: &str, #[case] message: &str) {
    let refusal = refusal(certificate, &made().1);
    assert!(refusal.contains(message) && refusal.contains("certificate"), "{refusal}");
}

/// Two files below a new folder.
fn files(certificate: &str, key: &str) -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let paths = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&paths.0, certificate).unwrap();
    std::fs::write(&paths.1, key).unwrap();
    (folder, paths.0, paths.1)
}

#[test]
fn messages_about_files_name_the_file() {
    let (certificate, key) = made();
    let (_folder, certificates_path, key_path) = files(&certificate, &key);
    let message = |certificates: &PathBuf, key: &PathBuf| TlsFiles::load(certificates, key).unwrap_err().to_string();
    let nowhere = certificates_path.with_file_name("nowhere.pem");
    assert!(message(&nowhere, &key_path).contains("nowhere.pem cannot be read"));
    assert!(message(&certificates_path, &nowhere).contains("nowhere.pem cannot be read"));
    let swapped = message(&key_path, &certificates_path);
    assert!(swapped.starts_with("there is no certificate in ") && swapped.ends_with("key.pem"), "{swapped}");
    std::fs::write(&key_path, made().1).unwrap();
    let mismatch = message(&certificates_path, &key_path);
    assert!(mismatch.contains("key.pem") && mismatch.contains("cert.pem"), "{mismatch}");
}

#[test]
fn a_reload_that_fails_changes_nothing() {
    let ((certificate, key), (next_certificate, next_key)) = (made(), made());
    let (_folder, certificates_path, key_path) = files(&certificate, &key);
    let files = TlsFiles::load(&certificates_path, &key_path).unwrap();
    let (tls, before) = (files.tls(), files.tls().present());
    std::fs::write(&certificates_path, &next_certificate).unwrap();
    assert!(matches!(files.reload(), Err(TlsError::KeyOfAnother { .. })), "renewed by half");
    assert!(Arc::ptr_eq(&tls.present(), &before));
    std::fs::write(&key_path, &next_key).unwrap();
    files.reload().unwrap();
    assert!(!Arc::ptr_eq(&tls.present(), &before));
}
