"""Certificates for tests, by the openssl command: an authority per folder and
whom it vouches for."""

import hashlib
import os
import ssl
import subprocess


def _openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True,
                   timeout=30)


def self_signed(folder):
    """(certificate, key) files for chat.test."""
    cert, key = (os.path.join(folder, n) for n in ("cert.pem", "key.pem"))
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
             cert, "-days", "2", "-subj", "/CN=chat.test", "-addext",
             "subjectAltName=DNS:chat.test,IP:127.0.0.1")
    return cert, key


class Authority:
    def __init__(self, folder):
        self.folder = folder
        self.file, self.key = self._paths("ca")
        if not os.path.exists(self.file):
            _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                     self.key, "-out", self.file, "-days", "2", "-subj",
                     "/CN=Test authority")

    def _paths(self, name):
        return tuple(os.path.join(self.folder, name + end)
                     for end in (".pem", ".key"))

    def issue(self, name, names, expired=False, files=None):
        """(certificate, key) files for these names, "DNS:a,IP:127.0.0.1"; the
        first argument is the common name."""
        cert, key = self._paths(files or name)
        request, extra = cert + ".req", cert + ".ext"
        _openssl("req", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
                 "-out", request, "-subj", "/CN=" + name)
        with open(extra, "w") as f:
            f.write("subjectAltName=%s\n" % names)
        if expired:
            self._sign_expired(request, extra, cert)
        else:
            _openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey",
                     self.key, "-CAcreateserial", "-extfile", extra, "-out",
                     cert, "-days", "2")
        return cert, key

    def _sign_expired(self, request, extra, cert):
        """Only `openssl ca` takes dates."""
        base = os.path.join(self.folder, "expired")
        os.makedirs(base, exist_ok=True)
        with open(os.path.join(base, "ca.cnf"), "w") as f:
            f.write("[ca]\ndefault_ca=c\n[c]\nnew_certs_dir=%s\ndatabase=%s\n"
                    "rand_serial=yes\ndefault_md=sha256\npolicy=p\n"
                    "unique_subject=no\n[p]\ncommonName=supplied\n"
                    % (base, os.path.join(base, "index")))
        open(os.path.join(base, "index"), "a").close()
        _openssl("ca", "-batch", "-config", os.path.join(base, "ca.cnf"),
                 "-cert", self.file, "-keyfile", self.key, "-in", request,
                 "-extfile", extra, "-startdate", "20200101000000Z",
                 "-enddate", "20200102000000Z", "-notext", "-out", cert)


def fingerprint(cert, kind="sha-256"):
    """The value of a=fingerprint for a certificate file."""
    with open(cert) as f:
        der = ssl.PEM_cert_to_DER_cert(f.read())
    value = hashlib.new(kind.replace("-", ""), der).digest()
    return kind + " " + value.hex(":").upper()


def client_context(ca=None, certificate=None):
    """ca None: whoever the server is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca:
        context.load_verify_locations(ca)
    else:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(*certificate)
    return context


def server_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context
