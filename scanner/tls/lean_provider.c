#include "scanner/tls/lean_provider.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>

#include "scanner/base/memory.h"
#include "scanner/tls/key_schedule.h"

#define VERSION_UNTRIED 0x30200000UL
#define NAME            "mxcensus"
#define PROPERTIES      "provider=mxcensus,mxcensus.lean=yes"
#define KEY_TYPE        "X25519"
#define KDF             "TLS13-KDF"
#define SHARED_LEN      32
#define KEEP_FALLBACK   1  /* the default provider is there when these are unloaded, too */
#define FUNCTIONS_MAX   32 /* of an algorithm that is given on, with the end */

/* Of the default provider, called by what stands in front of them. */
struct key_functions {
    OSSL_FUNC_keymgmt_new_fn *make;
    OSSL_FUNC_keymgmt_free_fn *free;
    OSSL_FUNC_keymgmt_dup_fn *copy;
    OSSL_FUNC_keymgmt_gen_init_fn *gen_init;
    OSSL_FUNC_keymgmt_gen_set_params_fn *gen_set_params;
    OSSL_FUNC_keymgmt_gen_settable_params_fn *gen_settable_params;
    OSSL_FUNC_keymgmt_gen_fn *gen;
    OSSL_FUNC_keymgmt_gen_cleanup_fn *gen_cleanup;
    OSSL_FUNC_keyexch_newctx_fn *exchange_new;
};

/* The default provider's context of a generation, and ours. */
struct generation {
    struct lean_provider *p;
    void *base;
    bool pair; /* else parameters alone */
};

struct lean_provider {
    OSSL_PROVIDER *base; /* the default one */
    OSSL_PROVIDER *own;
    struct key_functions functions;
    OSSL_DISPATCH key_table[FUNCTIONS_MAX];
    OSSL_DISPATCH exchange_table[FUNCTIONS_MAX];
    OSSL_ALGORITHM keys[2];
    OSSL_ALGORITHM exchanges[2];
    OSSL_ALGORITHM kdfs[2];
    void *key; /* the pair that is copied; NULL: none yet */
    unsigned uses;
    struct key_schedule schedule;
};

/* Handed from lean_provider_load() to provider_init(), which libcrypto calls in the same thread. */
static _Thread_local struct lean_provider *being_loaded;

/* --- X25519 --------------------------------------------------------------------------------- */

static void *key_new(void *at)
{
    struct lean_provider *p = at;
    return p->functions.make(OSSL_PROVIDER_get0_provider_ctx(p->base));
}

static void *gen_init(void *at, int selection, const OSSL_PARAM params[])
{
    struct lean_provider *p = at;
    struct generation *g = memory_new(1, sizeof(*g));
    *g = (struct generation){
        .p = p,
        .base = p->functions.gen_init(OSSL_PROVIDER_get0_provider_ctx(p->base), selection, params),
        .pair = (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0,
    };
    if (g->base == NULL) {
        free(g);
        return NULL;
    }
    return g;
}

static int gen_set_params(void *at, const OSSL_PARAM params[])
{
    struct generation *g = at;
    return g->p->functions.gen_set_params(g->base, params);
}

static const OSSL_PARAM *gen_settable_params(void *at, void *provider)
{
    struct generation *g = at;
    struct lean_provider *p = provider;
    return p->functions.gen_settable_params(g->base, OSSL_PROVIDER_get0_provider_ctx(p->base));
}

static void key_drop(struct lean_provider *p)
{
    if (p->key != NULL) {
        p->functions.free(p->key);
    }
    p->key = NULL;
    p->uses = 0;
}

static void *gen(void *at, OSSL_CALLBACK *progress, void *arg)
{
    struct generation *g = at;
    struct lean_provider *p = g->p;
    if (!g->pair) {
        return p->functions.gen(g->base, progress, arg);
    }
    if (p->key == NULL || p->uses >= LEAN_KEY_USES_MAX) {
        key_drop(p);
        p->key = p->functions.gen(g->base, progress, arg);
    }
    p->uses++;
    return p->key != NULL ? p->functions.copy(p->key, OSSL_KEYMGMT_SELECT_ALL) : NULL;
}

static void gen_cleanup(void *at)
{
    struct generation *g = at;
    g->p->functions.gen_cleanup(g->base);
    free(g);
}

static void *exchange_new(void *at)
{
    struct lean_provider *p = at;
    return p->functions.exchange_new(OSSL_PROVIDER_get0_provider_ctx(p->base));
}

/* --- TLS13-KDF ------------------------------------------------------------------------------ */

/* What is asked for is all in the parameters: a context holds nothing. */
static void *kdf_new(void *at)
{
    return at;
}

static void kdf_free(void *at)
{
    (void)at;
}

static struct span span_of_parameter(const OSSL_PARAM *param)
{
    static const uint8_t empty;
    return (struct span){param->data != NULL ? param->data : &empty, param->data_size};
}

/* @return false: something is asked for that libssl does not ask for */
static bool read_parameter(const OSSL_PARAM *param, struct schedule_request *r, bool *has_hash)
{
    int mode = -1;
    if (strcmp(param->key, OSSL_KDF_PARAM_MODE) == 0) {
        bool read = OSSL_PARAM_get_int(param, &mode) == 1;
        r->extract = mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
        return read && (r->extract || mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY);
    }
    if (strcmp(param->key, OSSL_KDF_PARAM_DIGEST) == 0) {
        *has_hash = param->data_type == OSSL_PARAM_UTF8_STRING && param->data != NULL &&
                    schedule_hash_of(param->data, &r->hash);
        return *has_hash;
    }
    struct span *to = strcmp(param->key, OSSL_KDF_PARAM_KEY) == 0      ? &r->key
                      : strcmp(param->key, OSSL_KDF_PARAM_SALT) == 0   ? &r->salt
                      : strcmp(param->key, OSSL_KDF_PARAM_PREFIX) == 0 ? &r->prefix
                      : strcmp(param->key, OSSL_KDF_PARAM_LABEL) == 0  ? &r->label
                      : strcmp(param->key, OSSL_KDF_PARAM_DATA) == 0   ? &r->data
                                                                       : NULL;
    if (to == NULL || param->data_type != OSSL_PARAM_OCTET_STRING) {
        return false;
    }
    *to = span_of_parameter(param);
    return true;
}

static int kdf_derive(void *at, unsigned char *out, size_t len, const OSSL_PARAM params[])
{
    struct lean_provider *p = at;
    struct schedule_request r = {0};
    bool has_hash = false;
    for (const OSSL_PARAM *param = params; param->key != NULL; param++) {
        if (!read_parameter(param, &r, &has_hash)) {
            return 0;
        }
    }
    return has_hash && key_schedule_compute(&p->schedule, &r, out, len) ? 1 : 0;
}

#define FUNCTION(f) ((void (*)(void))(f))

static const OSSL_DISPATCH kdf_table[] = {
    {OSSL_FUNC_KDF_NEWCTX, FUNCTION(kdf_new)},
    {OSSL_FUNC_KDF_FREECTX, FUNCTION(kdf_free)},
    {OSSL_FUNC_KDF_DERIVE, FUNCTION(kdf_derive)},
    {0, NULL},
};

/* --- the provider --------------------------------------------------------------------------- */

static const OSSL_ALGORITHM *query(void *at, int operation, int *no_cache)
{
    struct lean_provider *p = at;
    *no_cache = 0;
    switch (operation) {
    case OSSL_OP_KEYMGMT:
        return p->keys;
    case OSSL_OP_KEYEXCH:
        return p->exchanges;
    case OSSL_OP_KDF:
        return p->kdfs;
    default: /* OpenSSL's numbers */
        return NULL;
    }
}

struct capability_request {
    OSSL_CALLBACK *callback;
    void *arg;
};

static int pass_group(const OSSL_PARAM params[], void *at)
{
    const struct capability_request *r = at;
    const char *name = NULL;
    const OSSL_PARAM *param = OSSL_PARAM_locate_const(params, OSSL_CAPABILITY_TLS_GROUP_ALG);
    if (param == NULL || OSSL_PARAM_get_utf8_string_ptr(param, &name) != 1 ||
        strcmp(name, KEY_TYPE) != 0) {
        return 1;
    }
    return r->callback(params, r->arg);
}

/* libssl takes a group from the provider that has its keys. */
static int capabilities(void *at, const char *name, OSSL_CALLBACK *callback, void *arg)
{
    struct lean_provider *p = at;
    struct capability_request r = {callback, arg};
    return OSSL_PROVIDER_get_capabilities(p->base, name, pass_group, &r);
}

static void teardown(void *at)
{
    free(at);
}

static const OSSL_DISPATCH provider_table[] = {
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, FUNCTION(query)},
    {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, FUNCTION(capabilities)},
    {OSSL_FUNC_PROVIDER_TEARDOWN, FUNCTION(teardown)},
    {0, NULL},
};

static int provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                         const OSSL_DISPATCH **out, void **context)
{
    (void)handle;
    (void)in;
    *out = provider_table;
    *context = being_loaded;
    return being_loaded != NULL;
}

/* --- making it ------------------------------------------------------------------------------ */

/* Of a list of names with ":" between them, ignoring case as libcrypto does. */
static bool has_name(const char *names, const char *name)
{
    struct span rest = span_of(names);
    while (rest.len > 0) {
        const uint8_t *colon = memchr(rest.at, ':', rest.len);
        size_t len = colon != NULL ? (size_t)(colon - rest.at) : rest.len;
        if (span_ieq(span_take(rest, len), span_of(name))) {
            return true;
        }
        rest = span_drop(rest, colon != NULL ? len + 1 : len);
    }
    return false;
}

static const OSSL_ALGORITHM *algorithm_of(OSSL_PROVIDER *base, int operation, const char *name)
{
    int no_cache = 0;
    const OSSL_ALGORITHM *all = OSSL_PROVIDER_query_operation(base, operation, &no_cache);
    for (; all != NULL && all->algorithm_names != NULL; all++) {
        if (has_name(all->algorithm_names, name)) {
            return all;
        }
    }
    return NULL;
}

static OSSL_ALGORITHM as(const OSSL_ALGORITHM *base, const OSSL_DISPATCH *table)
{
    return (OSSL_ALGORITHM){base->algorithm_names, PROPERTIES, table, base->algorithm_description};
}

/* A function that is not known here might take a context of ours for its own. */
static bool key_function(struct lean_provider *p, const OSSL_DISPATCH *base, OSSL_DISPATCH *own)
{
    struct key_functions *f = &p->functions;
    *own = *base;
    switch (base->function_id) {
    case OSSL_FUNC_KEYMGMT_NEW:
        f->make = OSSL_FUNC_keymgmt_new(base);
        own->function = FUNCTION(key_new);
        return true;
    case OSSL_FUNC_KEYMGMT_GEN_INIT:
        f->gen_init = OSSL_FUNC_keymgmt_gen_init(base);
        own->function = FUNCTION(gen_init);
        return true;
    case OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS:
        f->gen_set_params = OSSL_FUNC_keymgmt_gen_set_params(base);
        own->function = FUNCTION(gen_set_params);
        return true;
    case OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS:
        f->gen_settable_params = OSSL_FUNC_keymgmt_gen_settable_params(base);
        own->function = FUNCTION(gen_settable_params);
        return true;
    case OSSL_FUNC_KEYMGMT_GEN:
        f->gen = OSSL_FUNC_keymgmt_gen(base);
        own->function = FUNCTION(gen);
        return true;
    case OSSL_FUNC_KEYMGMT_GEN_CLEANUP:
        f->gen_cleanup = OSSL_FUNC_keymgmt_gen_cleanup(base);
        own->function = FUNCTION(gen_cleanup);
        return true;
    case OSSL_FUNC_KEYMGMT_FREE:
        f->free = OSSL_FUNC_keymgmt_free(base);
        return true;
    case OSSL_FUNC_KEYMGMT_DUP:
        f->copy = OSSL_FUNC_keymgmt_dup(base);
        return true;
    default: /* of those that take a key alone */
        return base->function_id >= OSSL_FUNC_KEYMGMT_LOAD &&
               base->function_id <= OSSL_FUNC_KEYMGMT_EXPORT_TYPES;
    }
}

static bool exchange_function(struct lean_provider *p, const OSSL_DISPATCH *base,
                              OSSL_DISPATCH *own)
{
    *own = *base;
    if (base->function_id == OSSL_FUNC_KEYEXCH_NEWCTX) {
        p->functions.exchange_new = OSSL_FUNC_keyexch_newctx(base);
        own->function = FUNCTION(exchange_new);
    }
    return base->function_id <= OSSL_FUNC_KEYEXCH_DUPCTX;
}

typedef bool function_fn(struct lean_provider *p, const OSSL_DISPATCH *base, OSSL_DISPATCH *own);

static bool make_table(struct lean_provider *p, const OSSL_DISPATCH *base, function_fn *add,
                       OSSL_DISPATCH own[FUNCTIONS_MAX])
{
    size_t n = 0;
    for (; base->function_id != 0; base++) {
        if (n + 1 >= FUNCTIONS_MAX) {
            return false;
        }
        n += add(p, base, &own[n]);
    }
    own[n] = (OSSL_DISPATCH){0, NULL};
    return true;
}

static bool make_tables(struct lean_provider *p)
{
    const OSSL_ALGORITHM *key = algorithm_of(p->base, OSSL_OP_KEYMGMT, KEY_TYPE);
    const OSSL_ALGORITHM *exchange = algorithm_of(p->base, OSSL_OP_KEYEXCH, KEY_TYPE);
    const OSSL_ALGORITHM *kdf = algorithm_of(p->base, OSSL_OP_KDF, KDF);
    if (key == NULL || exchange == NULL || kdf == NULL ||
        !make_table(p, key->implementation, key_function, p->key_table) ||
        !make_table(p, exchange->implementation, exchange_function, p->exchange_table)) {
        return false;
    }
    p->keys[0] = as(key, p->key_table);
    p->exchanges[0] = as(exchange, p->exchange_table);
    p->kdfs[0] = as(kdf, kdf_table);
    const struct key_functions *f = &p->functions;
    return f->make != NULL && f->free != NULL && f->copy != NULL && f->gen_init != NULL &&
           f->gen_set_params != NULL && f->gen_settable_params != NULL && f->gen != NULL &&
           f->gen_cleanup != NULL && f->exchange_new != NULL;
}

/* --- its test ------------------------------------------------------------------------------- */

static bool shared_of(OSSL_LIB_CTX *lib, const char *query, EVP_PKEY *own, EVP_PKEY *peer,
                      uint8_t out[SHARED_LEN])
{
    size_t len = SHARED_LEN;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(lib, own, query);
    bool agreed = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
                  EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
                  EVP_PKEY_derive(ctx, out, &len) == 1 && len == SHARED_LEN;
    EVP_PKEY_CTX_free(ctx);
    return agreed;
}

/* As libssl does it: the peer's key is made out of parameters and a share. */
static EVP_PKEY *with_share_of(EVP_PKEY *like, EVP_PKEY *of)
{
    uint8_t *share = NULL;
    size_t len = EVP_PKEY_get1_encoded_public_key(of, &share);
    EVP_PKEY *key = EVP_PKEY_new();
    if (len == 0 || key == NULL || EVP_PKEY_copy_parameters(key, like) != 1 ||
        EVP_PKEY_set1_encoded_public_key(key, share, len) != 1) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    OPENSSL_free(share);
    return key;
}

static bool is_own(const EVP_PKEY *key)
{
    return strcmp(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key)), NAME) == 0;
}

static bool keys_work(OSSL_LIB_CTX *lib)
{
    EVP_PKEY *one = EVP_PKEY_Q_keygen(lib, LEAN_QUERY, KEY_TYPE);
    EVP_PKEY *same = EVP_PKEY_Q_keygen(lib, LEAN_QUERY, KEY_TYPE);
    EVP_PKEY *other = EVP_PKEY_Q_keygen(lib, "provider=default", KEY_TYPE);
    EVP_PKEY *one_shown = one && other ? with_share_of(other, one) : NULL;
    EVP_PKEY *other_shown = one && other ? with_share_of(one, other) : NULL;
    uint8_t here[SHARED_LEN];
    uint8_t there[SHARED_LEN];
    bool work = same != NULL && one_shown != NULL && other_shown != NULL && is_own(one) &&
                !is_own(other) && EVP_PKEY_eq(one, same) == 1 && EVP_PKEY_eq(one, other) != 1 &&
                shared_of(lib, LEAN_QUERY, same, other_shown, here) &&
                shared_of(lib, "provider=default", other, one_shown, there) &&
                memcmp(here, there, SHARED_LEN) == 0;
    EVP_PKEY_free(one);
    EVP_PKEY_free(same);
    EVP_PKEY_free(other);
    EVP_PKEY_free(one_shown);
    EVP_PKEY_free(other_shown);
    return work;
}

/* Secrets of every handshake before the tested one, and of none. */
#define SALTS 3

/* Parameters as tls13_generate_secret() and tls13_hkdf_expand_ex() of libssl give them. */
static bool derive_known(EVP_KDF *kdf, int mode, const char *hash, size_t salt, uint8_t *out,
                         size_t len)
{
    static uint8_t secrets[SALTS][SCHEDULE_SECRET_MAX] = {"a secret that is none, of a hash",
                                                          "another one"};
    size_t whole = strcmp(hash, "SHA2-256") == 0 ? 32 : SCHEDULE_SECRET_MAX;
    bool extract = mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
    OSSL_PARAM params[8];
    OSSL_PARAM *p = params;
    *p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    *p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)hash, 0);
    if (!extract || salt > 0) {
        *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secrets[salt], whole);
        *p++ = OSSL_PARAM_construct_octet_string(
            extract ? OSSL_KDF_PARAM_SALT : OSSL_KDF_PARAM_DATA, out, whole);
    }
    *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, (char *)"tls13 ", 6);
    *p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, (char *)"derived", 7);
    *p = OSSL_PARAM_construct_end();
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    bool derived = ctx != NULL && EVP_KDF_derive(ctx, out, extract ? whole : len, params) == 1;
    EVP_KDF_CTX_free(ctx);
    return derived;
}

/* A chain of secrets from the early one on, each out of the one before: both must come to the same. */
static bool schedule_works(EVP_KDF *own, EVP_KDF *base, const char *hash)
{
    static const size_t lengths[] = {32, 16, 12, 1};
    uint8_t here[SCHEDULE_SECRET_MAX] = {0};
    uint8_t there[SCHEDULE_SECRET_MAX] = {0};
    bool work = true;
    for (int mode = 0; mode < 2; mode++) {
        for (size_t salt = 0; salt < SALTS; salt++) {
            for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
                int which =
                    mode == 0 ? EVP_KDF_HKDF_MODE_EXTRACT_ONLY : EVP_KDF_HKDF_MODE_EXPAND_ONLY;
                work = work && derive_known(own, which, hash, salt, here, lengths[i]) &&
                       derive_known(base, which, hash, salt, there, lengths[i]) &&
                       memcmp(here, there, sizeof(here)) == 0;
            }
        }
    }
    return work;
}

static bool kdf_works(OSSL_LIB_CTX *lib)
{
    EVP_KDF *own = EVP_KDF_fetch(lib, KDF, LEAN_QUERY);
    EVP_KDF *base = EVP_KDF_fetch(lib, KDF, "provider=default");
    bool work = own != NULL && base != NULL &&
                strcmp(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(own)), NAME) == 0 &&
                schedule_works(own, base, "SHA2-256") && schedule_works(own, base, "SHA2-384");
    EVP_KDF_free(own);
    EVP_KDF_free(base);
    return work;
}

bool lean_provider_applies(void)
{
    return OpenSSL_version_num() < VERSION_UNTRIED;
}

struct lean_provider *lean_provider_load(OSSL_LIB_CTX *lib)
{
    if (!lean_provider_applies()) {
        return NULL;
    }
    ERR_clear_error();
    struct lean_provider *p = memory_new(1, sizeof(*p));
    key_schedule_init(&p->schedule);
    p->base = OSSL_PROVIDER_try_load(lib, "default", KEEP_FALLBACK);
    if (p->base == NULL || !make_tables(p)) {
        (void)OSSL_PROVIDER_unload(p->base);
        free(p);
        ERR_clear_error();
        return NULL;
    }
    being_loaded = p;
    CHECK(OSSL_PROVIDER_add_builtin(lib, NAME, provider_init) == 1);
    p->own = OSSL_PROVIDER_try_load(lib, NAME, KEEP_FALLBACK);
    being_loaded = NULL;
    CHECK(p->own != NULL);
    if (!keys_work(lib) || !kdf_works(lib)) {
        lean_provider_unload(p);
        p = NULL;
    } else {
        key_drop(p); /* no handshake shows the key of the test */
    }
    ERR_clear_error();
    return p;
}

void lean_provider_unload(struct lean_provider *p)
{
    if (p == NULL) {
        return;
    }
    key_drop(p);
    OSSL_PROVIDER *own = p->own;
    OSSL_PROVIDER *base = p->base;
    CHECK(OSSL_PROVIDER_unload(own) == 1 && OSSL_PROVIDER_unload(base) == 1);
}
