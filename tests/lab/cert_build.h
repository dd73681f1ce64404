#pragma once

#include "tests/lab/keys.h"

/** Parts of certificates as DER, right or wrong: see cert_store.h. */

struct tbs {
    bool version_1;     /* neither a version nor extensions */
    struct span serial; /* content of the INTEGER */
    struct span issuer; /* Name, DER */
    struct span subject;
    int64_t not_before;
    int64_t not_after;
    const char *not_before_text; /* instead, as GeneralizedTime, whatever it says */
    const char *not_after_text;
    struct span spki;
    const struct key *signer;
    enum key_digest digest;
    bool algorithm_unknown; /* named by an identifier that nobody knows */
    bool flipped;           /* the last bit of the signature */
    struct span extensions; /* content of the SEQUENCE; empty: none */
};

void cert_put(struct buf *out, const struct tbs *t);

/** A Name of at most an organisation and a common name; either may be NULL. */
void cert_put_name(struct buf *b, const char *organisation, const char *common_name);
void cert_put_extension(struct buf *b, struct span oid, bool critical, struct span content);
/** subjectKeyIdentifier and authorityKeyIdentifier. */
void cert_put_key_ids(struct buf *b, const struct key *subject, const struct key *issuer);

/** What the extensions of a CA certificate say. */
struct ca_profile {
    bool not_ca;
    int path_length; /* -1: none */
    bool no_cert_sign;
    bool eku_mail;         /* extKeyUsage is emailProtection alone */
    const char *permitted; /* nameConstraints: this dNSName */
    bool unknown_critical;
};

void cert_put_ca_extensions(struct buf *b, const struct ca_profile *profile,
                            const struct key *subject, const struct key *issuer);
void cert_put_leaf_extensions(struct buf *b, const struct cert_choice *c, const struct key *subject,
                              const struct key *issuer);
/** An SubjectPublicKeyInfo of an algorithm that nobody knows. */
void cert_put_unknown_spki(struct buf *b);
/** GOST R 34.10-2012 with 256 bits, RFC 9215 section 4.1. */
void cert_put_gost_spki(struct buf *b);
/** A key on a curve that it describes itself, by a point that has to be decompressed in the integers modulo 697 = 17 x 41. */
void cert_put_curve_spki(struct buf *b);

/** Is it signed by a CA of the lab that a client may trust? */
bool cert_from_public_ca(const struct cert_choice *c);
