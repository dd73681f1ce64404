"""Certificates for tests, made with the openssl command line."""

import os
import subprocess


def openssl(*arguments, **options):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE, **options)


class Authority:
    """A root and an intermediate in `folder`; `key` of every certificate is one of KEYS."""

    KEYS = {
        "EC": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        "RSA": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    }

    def __init__(self, folder, key="EC"):
        self.folder = folder
        self.key = key
        self.root = self._path("root")
        self.intermediate = self._path("intermediate")
        self._key(self.root)
        openssl("req", "-x509", "-new", "-key", self.root + ".key", "-subj", "/CN=Test Root",
                "-days", "3650", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                "-out", self.root + ".pem")
        self._issue(self.intermediate, "/CN=Test Intermediate", self.root,
                    "basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n")

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _key(self, path):
        openssl("genpkey", *self.KEYS[self.key], "-out", path + ".key")

    def _issue(self, path, subject, issuer, extensions, dates=None):
        self._key(path)
        openssl("req", "-new", "-key", path + ".key", "-subj", subject, "-out", path + ".csr")
        with open(path + ".ext", "w", encoding="ascii") as file:
            file.write(extensions)
        if dates is None:
            openssl("x509", "-req", "-in", path + ".csr", "-CA", issuer + ".pem", "-CAkey", issuer + ".key",
                    "-CAcreateserial", "-days", "365", "-extfile", path + ".ext", "-out", path + ".pem")
        else:
            self._issue_for(path, issuer, dates)

    @staticmethod
    def _issue_for(path, issuer, dates):
        """With chosen dates: only `openssl ca` can do that, and it keeps a database."""
        with open(path + ".cnf", "w", encoding="ascii") as file:
            file.write(f"[ca]\ndefault_ca=this\n[this]\ndatabase={path}.index\nnew_certs_dir="
                       f"{os.path.dirname(path)}\nrand_serial=yes\ndefault_md=sha256\npolicy=any\n"
                       "[any]\ncommonName=supplied\n")
        with open(path + ".index", "w", encoding="ascii"):
            pass
        openssl("ca", "-batch", "-notext", "-config", path + ".cnf", "-in", path + ".csr",
                "-cert", issuer + ".pem", "-keyfile", issuer + ".key", "-startdate", dates[0],
                "-enddate", dates[1], "-extfile", path + ".ext", "-out", path + ".pem")

    def leaf(self, name, with_chain=True, dates=None, cn_only=False):
        """
        @param with_chain False: the chain file lacks the intermediate
        @param cn_only    True: no subjectAltName
        @param dates      (notBefore, notAfter), each YYYYMMDDHHMMSSZ; None: a year from now
        @return (key file, chain file with leaf and intermediate, DER of the leaf).
        """
        path = self._path(name)
        self._issue(path, f"/CN={name}", self.intermediate,
                    ("" if cn_only else f"subjectAltName=DNS:{name}\n") + "extendedKeyUsage=serverAuth\n", dates)
        openssl("x509", "-in", path + ".pem", "-outform", "DER", "-out", path + ".der")
        with open(path + ".chain", "wb") as chain:
            for part in (path, self.intermediate) if with_chain else (path,):
                with open(part + ".pem", "rb") as pem:
                    chain.write(pem.read())
        with open(path + ".der", "rb") as der:
            return path + ".key", path + ".chain", der.read()
