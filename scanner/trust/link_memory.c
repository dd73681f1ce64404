#include "scanner/trust/link_memory.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "scanner/base/clock.h"

enum about {
    ABOUT_SIGNATURE,
    ABOUT_NAMES,
    ABOUT_NAMES_OF_LEAF,
};

void link_memory_deinit(struct link_memory *m)
{
    map_deinit(&m->known);
}

static struct hash_key link_key_of(const struct known_cert *child, const struct known_cert *issuer,
                                   enum about about)
{
    uint8_t key[65];
    memcpy(key, child->info.fingerprint_sha256, 32);
    memcpy(key + 32, issuer->info.fingerprint_sha256, 32);
    key[64] = (uint8_t)about;
    return hash_key_of((struct span){key, sizeof(key)});
}

static void remember(struct link_memory *m, struct hash_key key, uint64_t value)
{
    bool added = false;
    if (m->known.count >= LINK_MEMORY_MAX) {
        map_deinit(&m->known);
    }
    (void)map_add(&m->known, key, value, &added);
}

/* Algorithms that OpenSSL does not know, or whose digest this build does not have. */
static bool is_known_algorithm(const X509 *cert)
{
    int digest = NID_undef;
    int key_type = NID_undef;
    if (OBJ_find_sigid_algs(X509_get_signature_nid(cert), &digest, &key_type) != 1) {
        return false;
    }
    return digest == NID_undef || EVP_get_digestbynid(digest) != NULL;
}

static enum link_state verify(struct link_memory *m, X509 *child, EVP_PKEY *key)
{
    if (key == NULL || !is_known_algorithm(child)) {
        return LINK_UNKNOWN;
    }
    uint64_t from = m->measured ? clock_thread_cpu_ns() : 0;
    int result = X509_verify(child, key);
    m->ns += m->measured ? clock_thread_cpu_ns() - from : 0;
    m->verified++;
    ERR_clear_error();
    return result == 1 ? LINK_GOOD : LINK_BAD;
}

enum link_state link_verify(struct link_memory *m, const struct known_cert *child,
                            const struct known_cert *issuer)
{
    struct hash_key key = link_key_of(child, issuer, ABOUT_SIGNATURE);
    const uint64_t *known = map_find(&m->known, key);
    if (known != NULL) {
        m->answered++;
        return (enum link_state) * known;
    }
    enum link_state state = verify(m, child->x509, X509_get0_pubkey(issuer->x509));
    remember(m, key, state);
    return state;
}

bool link_names_permitted(struct link_memory *m, const struct known_cert *child,
                          const struct known_cert *issuer, bool is_leaf)
{
    bool with_cn = is_leaf && child->info.dns_names.total == 0;
    struct hash_key key = link_key_of(child, issuer, with_cn ? ABOUT_NAMES_OF_LEAF : ABOUT_NAMES);
    const uint64_t *known = map_find(&m->known, key);
    if (known != NULL) {
        return *known != 0;
    }
    /* OpenSSL gives up on huge products of names and constraints. */
    int result = NAME_CONSTRAINTS_check(child->x509, issuer->constraints);
    if (result == X509_V_OK && with_cn) {
        result = NAME_CONSTRAINTS_check_CN(child->x509, issuer->constraints);
    }
    ERR_clear_error();
    remember(m, key, result == X509_V_OK);
    return result == X509_V_OK;
}
