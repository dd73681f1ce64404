#include "tests/lab/params.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INCLUDE_DEPTH_MAX 4
#define LINE_MAX_LEN      1024 /* octets */
#define ADDRESSES_MAX     64   /* per operator; the address plan has room for 256 */

struct reading {
    struct params *out;
    bool *given; /* one per key */
    struct buf *error;
    int depth;
};

static const char *const key_names[] = {
#define X(name, rare) #name,
    LAB_PARAMS(X)
#undef X
};
static const size_t key_offsets[] = {
#define X(name, rare) offsetof(struct params, name),
    LAB_PARAMS(X)
#undef X
};
static const bool key_rare[] = {
#define X(name, rare) rare,
    LAB_PARAMS(X)
#undef X
};
#define KEY_COUNT (sizeof(key_names) / sizeof(key_names[0]))

static double *key_place(struct params *p, size_t i)
{
    return (double *)(void *)((char *)p + key_offsets[i]);
}

static bool number_of(const char *word, double *out)
{
    char *end;
    errno = 0;
    double v = strtod(word, &end);
    if (end == word || errno != 0 || !isfinite(v) || v < 0) {
        return false;
    }
    if (*end == '%') {
        v /= 100;
        end++;
    }
    if (*end != '\0') {
        return false;
    }
    *out = v;
    return true;
}

static bool copy_word(char *to, size_t size, const char *from)
{
    int n = snprintf(to, size, "%s", from);
    return n > 0 && (size_t)n < size;
}

static bool read_names(struct operator_params *o, char *list)
{
    char *rest = list;
    for (char *name = strtok_r(list, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest)) {
        if (o->name_count == OPERATOR_NAMES_MAX) {
            return false;
        }
        char *colon = strchr(name, ':'); /* name:preference */
        o->preference[o->name_count] = 10;
        if (colon != NULL) {
            *colon = '\0';
            o->preference[o->name_count] = (uint16_t)strtoul(colon + 1, NULL, 10);
        }
        if (!copy_word(o->name[o->name_count++], sizeof(o->name[0]), name)) {
            return false;
        }
    }
    return o->name_count > 0;
}

static bool read_count(const char *value, unsigned long max, uint16_t *out)
{
    char *end;
    unsigned long v = strtoul(value, &end, 10);
    if (*end != '\0' || v < 1 || v > max) {
        return false;
    }
    *out = (uint16_t)v;
    return true;
}

static bool read_operator_pair(struct operator_params *o, const char *key, char *value)
{
    if (strcmp(key, "domain") == 0) {
        return copy_word(o->domain, sizeof(o->domain), value);
    }
    if (strcmp(key, "tenant") == 0) {
        return copy_word(o->tenant, sizeof(o->tenant), value);
    }
    if (strcmp(key, "names") == 0) {
        return read_names(o, value);
    }
    if (strcmp(key, "addresses") == 0) {
        return read_count(value, ADDRESSES_MAX, &o->addresses);
    }
    if (strcmp(key, "per-name") == 0) {
        return read_count(value, 16, &o->addresses_per_name);
    }
    if (strcmp(key, "certs") == 0) {
        return read_count(value, ADDRESSES_MAX, &o->certs);
    }
    if (strcmp(key, "key") == 0) {
        o->rsa = strcmp(value, "rsa") == 0;
        return o->rsa || strcmp(value, "p256") == 0;
    }
    if (strcmp(key, "tls") == 0) {
        o->tls_max = strcmp(value, "1.2") == 0 ? 0x0303 : 0x0304;
        return o->tls_max == 0x0303 || strcmp(value, "1.3") == 0;
    }
    bool yes = strcmp(value, "yes") == 0;
    if (!yes && strcmp(value, "no") != 0) {
        return false;
    }
    if (strcmp(key, "v6") == 0) {
        o->v6 = yes;
        return true;
    }
    if (strcmp(key, "dane") == 0) {
        o->dane = yes;
        return true;
    }
    return false;
}

/* operator ID SHARE key=value... */
static bool read_operator(struct params *p, char **rest)
{
    if (p->operator_count == OPERATORS_MAX) {
        return false;
    }
    struct operator_params o = {
        .addresses = 4, .addresses_per_name = 1, .tls_max = 0x0304, .certs = 1};
    const char *id = strtok_r(NULL, " \t", rest);
    const char *share = strtok_r(NULL, " \t", rest);
    if (id == NULL || share == NULL || !copy_word(o.id, sizeof(o.id), id) ||
        !number_of(share, &o.share)) {
        return false;
    }
    for (char *pair = strtok_r(NULL, " \t", rest); pair != NULL;
         pair = strtok_r(NULL, " \t", rest)) {
        char *equals = strchr(pair, '=');
        if (equals == NULL) {
            return false;
        }
        *equals = '\0';
        if (!read_operator_pair(&o, pair, equals + 1)) {
            return false;
        }
    }
    if (o.domain[0] == '\0' || (o.tenant[0] == '\0') == (o.name_count == 0) ||
        o.addresses_per_name > o.addresses) {
        return false;
    }
    p->operators[p->operator_count++] = o;
    return true;
}

static bool read_opt_out(const char *value, enum lab_opt_out *out)
{
    static const char *const words[] = {
#define X(name, word) word,
        LAB_OPT_OUTS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i], value) == 0) {
            *out = (enum lab_opt_out)i;
            return true;
        }
    }
    return false;
}

static bool read_provider_pair(struct provider_params *o, const char *key, const char *value)
{
    if (strcmp(key, "domain") == 0) {
        return copy_word(o->domain, sizeof(o->domain), value);
    }
    if (strcmp(key, "addresses") == 0) {
        return read_count(value, ADDRESSES_MAX, &o->addresses);
    }
    if (strcmp(key, "opted-out") == 0) {
        return read_opt_out(value, &o->opted_out);
    }
    bool yes = strcmp(value, "yes") == 0;
    if (strcmp(key, "v6") == 0) {
        o->v6 = yes;
        return yes || strcmp(value, "no") == 0;
    }
    if (strcmp(key, "txt") == 0) {
        o->txt = yes;
        return yes || strcmp(value, "no") == 0;
    }
    return false;
}

/* provider ID WEIGHT key=value... */
static bool read_provider(struct params *p, char **rest)
{
    struct provider_params o = {.addresses = 2};
    const char *id = strtok_r(NULL, " \t", rest);
    const char *weight = strtok_r(NULL, " \t", rest);
    if (p->provider_count == PROVIDERS_MAX || id == NULL || weight == NULL ||
        !copy_word(o.id, sizeof(o.id), id) || !number_of(weight, &o.weight)) {
        return false;
    }
    for (char *pair = strtok_r(NULL, " \t", rest); pair != NULL;
         pair = strtok_r(NULL, " \t", rest)) {
        char *equals = strchr(pair, '=');
        if (equals == NULL) {
            return false;
        }
        *equals = '\0';
        if (!read_provider_pair(&o, pair, equals + 1)) {
            return false;
        }
    }
    p->providers[p->provider_count++] = o;
    return o.domain[0] != '\0';
}

static bool read_file(struct reading *r, const char *path);

static bool read_include(struct reading *r, const char *path, const char *name)
{
    if (name == NULL || r->depth >= INCLUDE_DEPTH_MAX) {
        return false;
    }
    struct buf full = BUF_INIT(BUF_NO_LIMIT);
    const char *slash = strrchr(path, '/');
    buf_putf(&full, "%.*s%s", slash ? (int)(slash - path) + 1 : 0, path, name);
    buf_put_char(&full, '\0');
    r->depth++;
    bool ok = read_file(r, (const char *)full.at);
    r->depth--;
    buf_deinit(&full);
    return ok;
}

static bool read_key(struct reading *r, const char *key, const char *value)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(key, key_names[i]) == 0) {
            r->given[i] = true;
            return value != NULL && number_of(value, key_place(r->out, i));
        }
    }
    return false;
}

static bool read_line(struct reading *r, const char *path, char *line)
{
    line[strcspn(line, "#\r\n")] = '\0';
    char *rest = NULL;
    const char *key = strtok_r(line, " \t", &rest);
    if (key == NULL) {
        return true;
    }
    if (strcmp(key, "operator") == 0) {
        return read_operator(r->out, &rest);
    }
    if (strcmp(key, "provider") == 0) {
        return read_provider(r->out, &rest);
    }
    const char *value = strtok_r(NULL, " \t", &rest);
    if (strcmp(key, "operators") == 0) {
        r->out->operator_count = 0;
        return value != NULL && strcmp(value, "none") == 0;
    }
    if (strcmp(key, "include") == 0) {
        return read_include(r, path, value);
    }
    return read_key(r, key, value) && strtok_r(NULL, " \t", &rest) == NULL;
}

static bool read_file(struct reading *r, const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        if (r->error->len == 0) {
            buf_putf(r->error, "%s: %s", path, strerror(errno));
        }
        return false;
    }
    char line[LINE_MAX_LEN];
    bool ok = true;
    for (unsigned number = 1; ok && fgets(line, sizeof(line), file) != NULL; number++) {
        char copy[LINE_MAX_LEN];
        (void)snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(line, "\r\n"), line);
        ok = read_line(r, path, line);
        if (!ok && r->error->len == 0) {
            buf_putf(r->error, "%s:%u: not understood: %s", path, number, copy);
        }
    }
    (void)fclose(file);
    return ok;
}

bool params_read(const char *path, struct params *out, struct buf *error)
{
    bool given[KEY_COUNT] = {false};
    memset(out, 0, sizeof(*out));
    struct reading r = {.out = out, .given = given, .error = error};
    if (!read_file(&r, path)) {
        return false;
    }
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (!given[i]) {
            buf_putf(error, "%s: the key %s is missing", path, key_names[i]);
            return false;
        }
    }
    if (out->provider_count == 0) {
        buf_putf(error, "%s: no policy provider is named", path);
        return false;
    }
    return true;
}

void params_oversample(struct params *p, double factor, double limit)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        double *v = key_place(p, i);
        if (key_rare[i] && *v < limit) {
            *v = *v * factor < limit ? *v * factor : limit;
        }
    }
}
