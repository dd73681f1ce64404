#include "scanner/trust/trust_store.h"

#include <unistd.h>

#include "scanner/base/check.h"
#include "scanner/cert/digest.h"
#include "scanner/trust/pem_certs.h"

/* Where distributions keep the bundle: Debian, Fedora, openSUSE, Alpine and the BSDs. */
static const char *const system_paths[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
};

const char *trust_store_system_path(void)
{
    for (size_t i = 0; i < sizeof(system_paths) / sizeof(system_paths[0]); i++) {
        if (access(system_paths[i], R_OK) == 0) {
            return system_paths[i];
        }
    }
    return NULL;
}

static bool is_name_octet(uint8_t c)
{
    return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '-' ||
           c == '_' || c == '.';
}

bool trust_store_is_name(struct span name)
{
    size_t at = 0;
    while (at < name.len && is_name_octet(name.at[at])) {
        at++;
    }
    return at == name.len && name.len > 0 && name.len < TRUST_STORE_NAME_MAX;
}

static void set_name(struct trust_store_octets *store, const char *name)
{
    CHECK(trust_store_is_name(span_of(name)));
    memcpy(store->name, name, strlen(name) + 1);
}

static bool parse_pem(struct trust_store_octets *store, struct buf *why)
{
    struct pem_certs certs = {.list = BUF_INIT(TRUST_STORE_FILE_MAX)};
    digest_sha256(buf_span(&store->pem), store->sha256);
    bool good = pem_certs_read(&certs, buf_span(&store->pem), why);
    store->anchors = certs.list;
    store->anchor_count = certs.count;
    if (good && certs.count == 0) {
        buf_put_text(why, "no certificate in it; give a PEM file of root certificates");
        good = false;
    }
    return good;
}

static struct trust_store_octets empty_store(void)
{
    return (struct trust_store_octets){.pem = BUF_INIT(TRUST_STORE_FILE_MAX),
                                       .anchors = BUF_INIT(TRUST_STORE_FILE_MAX)};
}

bool trust_store_parse(struct trust_store_octets *store, const char *name, struct span pem,
                       struct buf *why)
{
    *store = empty_store();
    set_name(store, name);
    if (!buf_append(&store->pem, pem)) {
        buf_putf(why, "over %u octets; give a smaller file", TRUST_STORE_FILE_MAX);
        return false;
    }
    return parse_pem(store, why);
}

bool trust_store_read(struct trust_store_octets *store, const char *name, const char *path,
                      struct buf *why)
{
    *store = empty_store();
    set_name(store, name);
    if (!pem_file_read(&store->pem, path, "root certificates", why)) {
        return false;
    }
    struct buf what = BUF_INIT(BUF_NO_LIMIT);
    bool good = parse_pem(store, &what);
    if (!good) {
        buf_putf(why, "%s: ", path);
        buf_put(why, buf_span(&what));
    }
    buf_deinit(&what);
    return good;
}

void trust_store_deinit(struct trust_store_octets *store)
{
    buf_deinit(&store->pem);
    buf_deinit(&store->anchors);
}
