"""Which part of a program its instructions belong to, out of a file of callgrind. Used by compare --parts.

A function belongs to the first of PARTS that names it, where it is called from the object that the part names; any other
belongs to whoever called it, by the share of each caller in its instructions. So inner functions of libcrypto need no names.
"""

import collections
import fnmatch
import os
import re

ROUNDS = 60  # more than the depth of calls in which nothing changes any more
ALLOCATOR = ("malloc", "free", "calloc", "realloc", "_int_malloc", "_int_free", "_int_realloc", "malloc_consolidate",
             "unlink_chunk*", "sysmalloc", "tcache_*", "malloc_usable_size", "crypto_take", "crypto_give_back", "checked_request2size")

# name, object of the caller ("" any), functions ("@OBJECT": all of an object)
PARTS = [
    ("key pair of the ClientHello", "libssl", ("EVP_PKEY_generate", "EVP_PKEY_keygen*", "EVP_PKEY_Q_keygen")),
    ("key agreement", "libssl", ("EVP_PKEY_derive",)),
    ("signature of CertificateVerify", "libssl", ("EVP_DigestVerify", "EVP_DigestVerifyInit*")),
    ("key schedule, Finished", "libssl", ("EVP_KDF_*", "EVP_Q_mac")),
    ("reading certificates", "libssl", ("d2i_X509", "X509_*", "OSSL_STACK_OF_X509_free", "OPENSSL_sk_pop_free")),
    ("transcript, records, random numbers", "libssl", ("EVP_Digest*", "EVP_MD_CTX_*", "EVP_Cipher*", "EVP_CIPHER_*", "EVP_Encrypt*",
                                                      "EVP_Decrypt*", "RAND_*")),
    ("noting the certificates: list, digests", "", ("handshake_on_message",)),
    ("libssl, the rest", "", ("@libssl",)),
    ("DNS", "", ("@libcares", "resolver_*", "ask_*", "ares_*", "dns_*", "udp_*", "read_batch", "flush_port")),
    ("rows", "", ("record_*", "write_endpoint", "write_observed", "rows_*", "domain_write_row", "take_rows")),
    ("SHA-256 of result files", "", ("digest_add",)),
    ("writing", "", ("writer_run",)),
    ("judging", "", ("judge_run",)),
    ("SMTP, sessions", "", ("on_read", "advance", "session_*", "dialog_*", "probe_*")),
    ("owners of domains, hosts, services", "", ("worker_on_*", "domain_*", "host_*", "service_*", "visit*")),
    ("libuv", "", ("@libuv",)),
]
REST = "all else"


class Profile:
    def __init__(self, path):
        self.own = collections.Counter()  # instructions of each function itself
        self.calls = collections.defaultdict(collections.Counter)  # of the called one, by caller: instructions in the call
        self.objects = {}
        self.read(path)

    def read(self, path):
        names, objects = {}, {}

        def known(table, match, clean=lambda text: text):
            if match[2] is not None:
                table[match[1]] = clean(match[2])
            return table[match[1]]

        def function(match):
            return known(names, match, lambda text: re.sub(r"('\d+|\.(lto_priv|part|constprop|isra|cold)[.\d]*)+$", "", text))

        here = here_in = called = called_in = None
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if line[0] in "+-*0123456789":
                    self.own[here] += int(line.split()[1])
                elif line.startswith("calls="):
                    if called != here:
                        self.calls[called][here] += int(next(file).split()[1])
                    else:
                        next(file)
                    called_in = None
                elif match := re.match(r"(ob|fn|cob|cfn)=\((\d+)\)(?: (.*))?", line):
                    kind, match = match[1], (None, match[2], match[3])
                    if kind == "ob":
                        here_in = os.path.basename(known(objects, match))
                    elif kind == "cob":
                        called_in = os.path.basename(known(objects, match))
                    elif kind == "fn":
                        here = function(match)
                        self.objects.setdefault(here, here_in)
                    else:
                        called = function(match)
                        self.objects.setdefault(called, called_in or here_in)

    def part_named(self, called, caller):
        for number, (_, object_of_caller, functions) in enumerate(PARTS):
            if object_of_caller and not self.objects[caller].startswith(object_of_caller):
                continue
            for pattern in functions:
                if pattern[0] == "@" and self.objects[called].startswith(pattern[1:]) or fnmatch.fnmatchcase(called, pattern):
                    return number
        return None

    def sums(self):
        """@return by part: instructions, and those of them in the allocator."""
        named = {(called, caller): self.part_named(called, caller) for called, callers in self.calls.items() for caller in callers}
        rest = len(PARTS)
        shares = {function: {rest: 1.0} for function in self.own}
        for _ in range(ROUNDS):
            for called, callers in self.calls.items():
                whole = sum(callers.values())
                if whole == 0:
                    continue
                now = collections.Counter()
                for caller, instructions in callers.items():
                    number = named[called, caller]
                    for part, share in ({number: 1.0} if number is not None else shares.get(caller, {rest: 1.0})).items():
                        now[part] += share * instructions / whole
                shares[called] = now
        sums = [[0.0, 0.0] for _ in range(rest + 1)]
        for function, instructions in self.own.items():
            in_allocator = any(fnmatch.fnmatchcase(function, pattern) for pattern in ALLOCATOR)
            for part, share in shares[function].items():
                sums[part][0] += share * instructions
                sums[part][1] += share * instructions * in_allocator
        return sums


def sums(path):
    return Profile(path).sums()


def print_table(ours, bare):
    """@param ours, bare as of sums(), of one endpoint"""
    whole = sum(one[0] for one in ours)
    print(f"  {'part':42}{'mxcensus':>10}{'of all':>8}{'malloc':>9}{'bare loop':>11}{'malloc':>9}")
    for name, mine, theirs in zip([part[0] for part in PARTS] + [REST], ours, bare):
        print(f"  {name:42}{mine[0]:10,.0f}{mine[0] / whole * 100:6.1f} %{mine[1]:9,.0f}{theirs[0]:11,.0f}{theirs[1]:9,.0f}")
    print(f"  {'sum':42}{whole:10,.0f}{100:6.1f} %{sum(one[1] for one in ours):9,.0f}"
          f"{sum(one[0] for one in bare):11,.0f}{sum(one[1] for one in bare):9,.0f}")
