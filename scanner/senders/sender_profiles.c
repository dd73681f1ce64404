#include "scanner/senders/sender_profiles.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "scanner/base/memory.h"
#include "scanner/shipped/shipped_profiles.h"

#define FORMAT        1
#define ID_MAX        40  /* characters; our own bound */
#define TITLE_MAX     200 /* octets; our own bound */
#define KEY_SHOWN_MAX 40
#define READ_STEP     4096
#define SHIPPED_NAME  "shipped sender profiles"

/* --- one field ----------------------------------------------------------------------------- */

struct field_place {
    const char *origin;
    const char *profile;
    const char *field;
    struct buf *why;
};

static bool fault(const struct field_place *at, const char *allowed)
{
    buf_putf(at->why, "%s: profile '%s': %s must be %s", at->origin, at->profile, at->field,
             allowed);
    return false;
}

/* A value stands alone, or in an object that says where it comes from. */
static const json_t *value_of(const json_t *field)
{
    return json_is_object(field) ? json_object_get(field, "value") : field;
}

static bool has_only(const json_t *object, const char *const known[], const char **unknown)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        size_t i = 0;
        while (known[i] != NULL && strcmp(known[i], key) != 0) {
            i++;
        }
        if (known[i] == NULL) {
            *unknown = key;
            return false;
        }
    }
    return true;
}

/* What the file says, in a line of ours: printable ASCII alone. */
static void put_printable(struct buf *why, const char *text, size_t max)
{
    for (size_t i = 0; i < max && text[i] != '\0'; i++) {
        buf_put_char(why, text[i] < ' ' || text[i] > '~' ? '?' : text[i]);
    }
}

static void put_key(struct buf *why, const char *key)
{
    buf_put_char(why, '\'');
    put_printable(why, key, KEY_SHOWN_MAX);
    buf_put_char(why, '\'');
}

/* What stands beside a value is for readers, but of the right kind. */
static bool check_source(const struct field_place *at, const json_t *field)
{
    static const char *const known[] = {"value", "source", "date", "assumed", NULL};
    const char *unknown = NULL;
    if (!json_is_object(field)) {
        return true;
    }
    if (!has_only(field, known, &unknown)) {
        buf_putf(at->why, "%s: profile '%s': %s has ", at->origin, at->profile, at->field);
        put_key(at->why, unknown);
        buf_put_text(at->why, "; known are value, source, date, assumed");
        return false;
    }
    for (size_t i = 1; known[i] != NULL; i++) {
        const json_t *beside = json_object_get(field, known[i]);
        bool is_switch = strcmp(known[i], "assumed") == 0;
        if (beside != NULL && !(is_switch ? json_is_boolean(beside) : json_is_string(beside))) {
            buf_putf(at->why, "%s: profile '%s': %s of %s must be %s", at->origin, at->profile,
                     known[i], at->field, is_switch ? "true or false" : "a text");
            return false;
        }
    }
    return true;
}

/** Words of one field, by value. */
struct word {
    const char *word;
    int value;
};

static const struct word versions[] = {
    {"1.0", 0x0301}, {"1.1", 0x0302}, {"1.2", 0x0303}, {"1.3", 0x0304}, {NULL, 0}};
static const struct word levels[] = {
    {"may", PROFILE_MAY}, {"encrypt", PROFILE_ENCRYPT}, {"verify", PROFILE_VERIFY}, {NULL, 0}};
static const struct word names[] = {{"host", PROFILE_NAMES_HOST},
                                    {"host_or_cn", PROFILE_NAMES_HOST_OR_CN},
                                    {"next_hop", PROFILE_NAMES_NEXT_HOP},
                                    {NULL, 0}};
static const struct word dane[] = {{"no", PROFILE_DANE_NO},
                                   {"secure_mx", PROFILE_DANE_SECURE_MX},
                                   {"insecure_mx", PROFILE_DANE_INSECURE_MX},
                                   {NULL, 0}};
static const struct word orders[] = {
    {"none", PROFILE_ORDER_NONE},           {"dane_then_sts", PROFILE_ORDER_DANE_THEN_STS},
    {"sts_first", PROFILE_ORDER_STS_FIRST}, {"dane_only", PROFILE_ORDER_DANE_ONLY},
    {"sts_only", PROFILE_ORDER_STS_ONLY},   {NULL, 0}};
static const struct word failures[] = {
    {"clear", PROFILE_FAILURE_CLEAR}, {"next", PROFILE_FAILURE_NEXT}, {NULL, 0}};

static bool read_word(const struct field_place *at, const json_t *value, const struct word *words,
                      int *out)
{
    struct buf allowed = BUF_INIT(BUF_NO_LIMIT);
    const char *text = json_string_value(value);
    for (const struct word *w = words; w->word != NULL; w++) {
        if (text != NULL && strcmp(text, w->word) == 0) {
            *out = w->value;
            buf_deinit(&allowed);
            return true;
        }
        buf_putf(&allowed, "%s\"%s\"", w == words ? "one of " : ", ", w->word);
    }
    buf_put_char(&allowed, '\0');
    bool ok = fault(at, (const char *)allowed.at);
    buf_deinit(&allowed);
    return ok;
}

/* --- one profile --------------------------------------------------------------------------- */

enum kind {
    KIND_WORD,
    KIND_BOOL
};

struct field {
    const char *name;
    enum kind kind;
    const struct word *words;
};

enum field_number {
    FIELD_TLS_MIN,
    FIELD_TLS_MAX,
    FIELD_SNI,
    FIELD_LEVEL,
    FIELD_NAMES,
    FIELD_POLICY_ORDER,
    FIELD_DANE,
    FIELD_DANE_ONLY_31,
    FIELD_WITHOUT_TLS,
    FIELD_TLS_FAILURE,
    FIELD_OPPORTUNISTIC_VERIFY,
    FIELD_COUNT
};

static const struct field fields[FIELD_COUNT] = {
    [FIELD_TLS_MIN] = {"tls_min", KIND_WORD, versions},
    [FIELD_TLS_MAX] = {"tls_max", KIND_WORD, versions},
    [FIELD_SNI] = {"sni", KIND_BOOL, NULL},
    [FIELD_LEVEL] = {"level", KIND_WORD, levels},
    [FIELD_NAMES] = {"names", KIND_WORD, names},
    [FIELD_POLICY_ORDER] = {"policy_order", KIND_WORD, orders},
    [FIELD_DANE] = {"dane", KIND_WORD, dane},
    [FIELD_DANE_ONLY_31] = {"dane_ee_only_31", KIND_BOOL, NULL},
    [FIELD_WITHOUT_TLS] = {"without_tls", KIND_WORD, failures},
    [FIELD_TLS_FAILURE] = {"tls_failure", KIND_WORD, failures},
    [FIELD_OPPORTUNISTIC_VERIFY] = {"opportunistic_verify", KIND_BOOL, NULL},
};

static bool read_field(const struct field_place *at, const json_t *profile, const struct field *f,
                       int *out)
{
    const json_t *given = json_object_get(profile, f->name);
    const json_t *value = value_of(given);
    if (!check_source(at, given)) {
        return false;
    }
    if (f->kind == KIND_WORD) {
        return read_word(at, value, f->words, out);
    }
    *out = json_is_true(value);
    return json_is_boolean(value) || fault(at, "true or false");
}

static bool is_id(const char *id)
{
    size_t len = id != NULL ? strlen(id) : 0;
    return len > 0 && len <= ID_MAX && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len;
}

static bool is_title(const char *title)
{
    size_t len = title != NULL ? strlen(title) : 0;
    for (size_t i = 0; i < len; i++) {
        if ((uint8_t)title[i] < ' ' || title[i] == 0x7f) {
            return false;
        }
    }
    return len > 0 && len <= TITLE_MAX;
}

static bool fits_together(const struct field_place *place, const struct sender_profile *p)
{
    struct field_place at = *place;
    if (p->tls_min > p->tls_max) {
        at.field = "tls_min";
        return fault(&at, "no newer than tls_max");
    }
    if (profile_uses_dane(p) != (p->dane != PROFILE_DANE_NO)) {
        at.field = "dane";
        return fault(&at, "\"no\" exactly where policy_order leaves DANE out");
    }
    return true;
}

static bool read_profile(const struct field_place *place, const json_t *json,
                         struct sender_profile *out)
{
    static const char *const known[] = {"id",
                                        "title",
                                        "notes",
                                        "tls_min",
                                        "tls_max",
                                        "sni",
                                        "level",
                                        "names",
                                        "policy_order",
                                        "dane",
                                        "dane_ee_only_31",
                                        "without_tls",
                                        "tls_failure",
                                        "opportunistic_verify",
                                        NULL};
    int values[FIELD_COUNT];
    const char *unknown = NULL;
    struct field_place at = *place;
    if (!has_only(json, known, &unknown)) {
        buf_putf(at.why, "%s: profile '%s': ", at.origin, at.profile);
        put_key(at.why, unknown);
        buf_put_text(at.why, " is no field of a profile");
        return false;
    }
    for (int f = 0; f < FIELD_COUNT; f++) {
        at.field = fields[f].name;
        if (!read_field(&at, json, &fields[f], &values[f])) {
            return false;
        }
    }
    const char *title = json_string_value(json_object_get(json, "title"));
    at.field = "title";
    if (!is_title(title)) {
        return fault(&at, "a text of 1 to 200 octets in one line");
    }
    const json_t *notes = json_object_get(json, "notes");
    at.field = "notes";
    if (notes != NULL && !json_is_string(notes)) {
        return fault(&at, "a text");
    }
    *out = (struct sender_profile){
        .id = at.profile,
        .title = title,
        .tls_min = (uint16_t)values[FIELD_TLS_MIN],
        .tls_max = (uint16_t)values[FIELD_TLS_MAX],
        .sni = values[FIELD_SNI] != 0,
        .level = (enum profile_level)values[FIELD_LEVEL],
        .names = (enum profile_names)values[FIELD_NAMES],
        .policy_order = (enum profile_order)values[FIELD_POLICY_ORDER],
        .dane = (enum profile_dane)values[FIELD_DANE],
        .dane_ee_only_31 = values[FIELD_DANE_ONLY_31] != 0,
        .without_tls = (enum profile_failure)values[FIELD_WITHOUT_TLS],
        .tls_failure = (enum profile_failure)values[FIELD_TLS_FAILURE],
        .opportunistic_verify = values[FIELD_OPPORTUNISTIC_VERIFY] != 0,
    };
    return fits_together(&at, out);
}

/* --- the file ------------------------------------------------------------------------------ */

static bool is_taken(const struct sender_profile *items, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(items[i].id, id) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_all(const char *origin, const json_t *list, struct sender_profile *items,
                     struct buf *why)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *json = json_array_get(list, i);
        const char *id = json_string_value(json_object_get(json, "id"));
        struct field_place at = {.origin = origin, .profile = id, .why = why};
        if (!is_id(id) || is_taken(items, i, id)) {
            buf_putf(why,
                     "%s: profile %zu: id must be a name of its own of a-z, 0-9, '.' and '-', at "
                     "most %d",
                     origin, i + 1, ID_MAX);
            return false;
        }
        if (!read_profile(&at, json, &items[i])) {
            return false;
        }
    }
    return true;
}

static const json_t *profiles_of(const char *origin, const json_t *root, struct buf *why)
{
    static const char *const known[] = {"format", "notes", "profiles", NULL};
    const char *unknown = NULL;
    const json_t *list = json_object_get(root, "profiles");
    if (!has_only(root, known, &unknown)) {
        buf_putf(why, "%s: ", origin);
        put_key(why, unknown);
        buf_put_text(why, " is no key of the file; known are format, notes, profiles");
    } else if (json_integer_value(json_object_get(root, "format")) != FORMAT) {
        buf_putf(why, "%s: format must be %d", origin, FORMAT);
    } else if (!json_is_array(list) || json_array_size(list) == 0 ||
               json_array_size(list) > SENDER_PROFILES_MAX) {
        buf_putf(why, "%s: profiles must be a list of 1 to %d objects", origin,
                 SENDER_PROFILES_MAX);
    } else {
        return list;
    }
    return NULL;
}

struct sender_profiles_file *sender_profiles_parse(struct span octets, const char *origin,
                                                   struct buf *why)
{
    json_error_t error;
    const char *text =
        octets.len > 0 ? (const char *)octets.at : ""; /* NULL is no text to jansson */
    json_t *root = json_loadb(text, octets.len, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(root)) {
        if (root == NULL) {
            buf_putf(why, "%s: line %d: ", origin, error.line);
            put_printable(why, error.text, sizeof(error.text)); /* it quotes the file */
        } else {
            buf_putf(why, "%s: the file must be one object", origin);
        }
        json_decref(root);
        return NULL;
    }
    const json_t *list = profiles_of(origin, root, why);
    struct sender_profile *items = memory_new(SENDER_PROFILES_MAX, sizeof(*items));
    if (list == NULL || !read_all(origin, list, items, why)) {
        free(items);
        json_decref(root);
        return NULL;
    }
    struct sender_profiles_file *f = memory_new(1, sizeof(*f));
    f->profiles = (struct sender_profiles){items, json_array_size(list)};
    f->octets = memory_new(octets.len + 1, 1);
    memcpy(f->octets, octets.at, octets.len);
    f->len = octets.len;
    f->memory = root; /* ids and titles lie in it */
    return f;
}

static bool read_file(const char *path, struct buf *octets, struct buf *why)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        buf_putf(why, "%s: %s; name a file of sender profiles", path, strerror(errno));
        return false;
    }
    size_t got = 1;
    uint8_t *room = NULL;
    while (got > 0 && (room = buf_room(octets, READ_STEP)) != NULL) {
        got = fread(room, 1, READ_STEP, file);
        octets->len += got;
    }
    int failed = ferror(file) ? errno : 0;
    (void)fclose(file);
    if (room == NULL) {
        buf_putf(why, "%s: over %u octets; name a smaller file", path, SENDER_PROFILES_OCTETS_MAX);
    } else if (failed != 0) {
        buf_putf(why, "%s: %s", path, strerror(failed));
    }
    return room != NULL && failed == 0;
}

struct sender_profiles_file *sender_profiles_load(const char *path, struct buf *why)
{
    if (path == NULL) {
        return sender_profiles_parse(shipped_profiles_json(), SHIPPED_NAME, why);
    }
    struct buf octets = BUF_INIT(SENDER_PROFILES_OCTETS_MAX + READ_STEP);
    struct sender_profiles_file *f = NULL;
    if (read_file(path, &octets, why)) {
        f = sender_profiles_parse(buf_span(&octets), path, why);
    }
    buf_deinit(&octets);
    return f;
}

void sender_profiles_free(struct sender_profiles_file *f)
{
    if (f != NULL) {
        json_decref(f->memory);
        free((void *)(uintptr_t)f->profiles.items);
        free(f->octets);
        free(f);
    }
}
