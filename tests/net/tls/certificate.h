// tests/net/tls/certificate.h: a certificate that signs itself, in files that go with the test.
#pragma once
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <string>

#include "tests/support/temporary.h"

namespace weft::test {

class Certificate {
 public:
  /// For names such as "DNS:localhost,IP:127.0.0.1".
  explicit Certificate(const std::string& names) {
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* const name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("weft test"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_EXTENSION* const extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate, key, EVP_sha256());
    write(certificate_, [&](std::FILE* file) { PEM_write_X509(file, certificate); });
    write(key_, [&](std::FILE* file) {
      PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  [[nodiscard]] const std::string& file() const { return certificate_.path(); }
  [[nodiscard]] const std::string& key_file() const { return key_.path(); }

 private:
  template <class Write>
  static void write(const TemporaryFile& to, Write write) {
    std::FILE* const file = std::fopen(to.path().c_str(), "w");
    write(file);
    std::fclose(file);
  }
  TemporaryFile certificate_;
  TemporaryFile key_;
};

}  // namespace weft::test
