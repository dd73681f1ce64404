#include "scanner/senders/sender_profiles.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "scanner/base/check.h"
#include "scanner/base/file.h"
#include "scanner/base/memory.h"
#include "scanner/senders/tls_stacks.h"
#include "scanner/shipped/shipped_profiles.h"

#define FORMAT       2
#define TITLE_MAX    200 /* octets; our own bound */
#define SHIPPED_NAME "bundled sender profiles"

/* --- words of the fields -------------------------------------------------------------------- */

static const struct field_word versions[] = {
    {"1.0", 0x0301}, {"1.1", 0x0302}, {"1.2", 0x0303}, {"1.3", 0x0304}, {NULL, 0}};
static const struct field_word levels[] = {PROFILE_LEVELS(FIELD_VALUE){NULL, 0}};
static const struct field_word names[] = {PROFILE_NAME_CHECKS(FIELD_VALUE){NULL, 0}};
static const struct field_word dane[] = {PROFILE_DANES(FIELD_VALUE){NULL, 0}};
static const struct field_word orders[] = {PROFILE_ORDERS(FIELD_VALUE){NULL, 0}};
static const struct field_word sts_names[] = {PROFILE_STS_NAME_CHECKS(FIELD_VALUE){NULL, 0}};
static const struct field_word missing[] = {PROFILE_MISSINGS(FIELD_VALUE){NULL, 0}};
static const struct field_word failures[] = {PROFILE_FAILURES(FIELD_VALUE){NULL, 0}};
static const struct field_word refusals[] = {PROFILE_REFUSALS(FIELD_VALUE){NULL, 0}};
static const struct field_word choices[] = {PROFILE_CHOICES(FIELD_VALUE){NULL, 0}};
static const struct field_word dane_names[] = {PROFILE_DANE_NAME_CHECKS(FIELD_VALUE){NULL, 0}};
static const struct field_word anchors[] = {PROFILE_ANCHORS(FIELD_VALUE){NULL, 0}};
static const struct field_word aliases[] = {PROFILE_ALIASES(FIELD_VALUE){NULL, 0}};
static const struct field_word keywords[] = {PROFILE_KEYWORDS(FIELD_VALUE){NULL, 0}};
static const struct field_word replies[] = {PROFILE_REPLIES(FIELD_VALUE){NULL, 0}};
static const struct field_word injected[] = {PROFILE_INJECTIONS(FIELD_VALUE){NULL, 0}};
static const struct field_word null_mx[] = {PROFILE_NULL_MXES(FIELD_VALUE){NULL, 0}};
static const struct field_word exchanges[] = {PROFILE_EXCHANGES(FIELD_VALUE){NULL, 0}};
static const struct field_word kept[] = {PROFILE_ADDRESSES_KEPT(FIELD_VALUE){NULL, 0}};
static const struct field_word host_addresses[] = {PROFILE_HOSTS_ADDRESSES(FIELD_VALUE){NULL, 0}};
static const struct field_word line_quirks[] = {SMTP_QUIRKS_OF_LINES(FIELD_BIT){NULL, 0}};

static const struct field_word dialogue_forms[] = {SMTP_READ_FORMS(FIELD_BIT){NULL, 0}};

static const struct field_word record_quirks[] = {STS_RECORD_QUIRKS(FIELD_BIT){NULL, 0}};
static const struct field_word policy_quirks[] = {STS_POLICY_QUIRKS(FIELD_BIT){NULL, 0}};

static const struct field_word no_mail_kinds[] = {NO_MAIL_KINDS(FIELD_BIT){NULL, 0}};

#define no_words NULL

static const struct field_info infos[PROFILE_FIELD_COUNT] = {
#define X(name, member, word, kind, words) {word, FIELD_##kind, words},
    SENDER_PROFILE_FIELDS(X)
#undef X
};

static void take_values(struct sender_profile *p, const uint32_t values[PROFILE_FIELD_COUNT])
{
#define X(name, member, ...) p->member = (__typeof__(p->member))values[PROFILE_FIELD_##name];
    SENDER_PROFILE_FIELDS(X)
#undef X
}

static void profile_values_of(const struct sender_profile *p, uint32_t values[PROFILE_FIELD_COUNT])
{
#define X(name, member, ...) values[PROFILE_FIELD_##name] = (uint32_t)p->member;
    SENDER_PROFILE_FIELDS(X)
#undef X
}

/* --- one profile ---------------------------------------------------------------------------- */

/** What a profile may refer to. */
struct known_things {
    const struct tls_stack *stacks;
    size_t stack_count;
    const struct sender_profile *profiles; /* those before it in the file */
    size_t profile_count;
};

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

static bool sends_in_clear(enum profile_failure f)
{
    return f == PROFILE_FAILURE_CLEAR || f == PROFILE_FAILURE_CLEAR_LATER;
}

static bool profile_fits_together(const struct field_place *place, const struct sender_profile *p)
{
    struct field_place at = *place;
    if (p->tls_min > p->tls_max) {
        at.field = "tls_min";
        return field_fault(&at, "no newer than tls_max");
    }
    if (profile_uses_dane(p) != (p->dane != PROFILE_DANE_NO)) {
        at.field = "dane";
        return field_fault(&at, "\"no\" exactly where policy_order leaves DANE out");
    }
    if ((p->reply_lines & p->reply_lines_fatal) != 0) {
        at.field = "reply_lines_fatal";
        return field_fault(&at, "of other words than reply_lines");
    }
    if ((p->forms & p->forms_unseen) != 0 || ((p->forms | p->forms_unseen) & p->forms_fatal) != 0) {
        at.field = "forms";
        return field_fault(&at, "of other words than forms_unseen and forms_fatal, and these too");
    }
    if (p->level == PROFILE_MAY && p->without_tls == PROFILE_FAILURE_NEXT &&
        (sends_in_clear(p->tls_failure) || sends_in_clear(p->session_lost))) {
        at.field = "tls_failure";
        return field_fault(&at, "\"next\", as session_lost, where without_tls is");
    }
    return true;
}

static const struct sender_profile *find_profile(const struct known_things *k, const char *id)
{
    for (size_t i = 0; i < k->profile_count; i++) {
        if (id != NULL && strcmp(k->profiles[i].id, id) == 0) {
            return &k->profiles[i];
        }
    }
    return NULL;
}

/* Title, notes, and what it refers to. */
static bool read_frame(const struct field_place *place, const json_t *json,
                       const struct known_things *known, struct sender_profile *out)
{
    struct field_place at = *place;
    const json_t *notes = json_object_get(json, "notes");
    const json_t *like = json_object_get(json, "like");
    const json_t *stack = json_object_get(json, "tls_stack");
    const struct sender_profile *parent = find_profile(known, json_string_value(like));
    at.field = "like";
    if (like != NULL && parent == NULL) {
        return field_fault(&at, "the id of an earlier profile");
    }
    *out = parent != NULL ? *parent : (struct sender_profile){0};
    out->id = at.id;
    out->title = json_string_value(json_object_get(json, "title"));
    if (stack != NULL) {
        out->stack = tls_stacks_find(known->stacks, known->stack_count, json_string_value(stack));
    }
    at.field = "title";
    if (!is_title(out->title)) {
        return field_fault(&at, "a text of 1 to 200 octets in one line");
    }
    at.field = "tls_stack";
    if (out->stack == NULL) {
        return field_fault(&at, "the id of one of the tls_stacks");
    }
    at.field = "notes";
    return notes == NULL || json_is_string(notes) || field_fault(&at, "a text");
}

static bool read_profile(const struct field_place *at, const json_t *json,
                         const struct known_things *known, struct sender_profile *out)
{
    static const char *const others[] = {"id",        "title", "notes", "like", "inherited_mark",
                                         "tls_stack", NULL};
    uint32_t values[PROFILE_FIELD_COUNT] = {0};
    bool like = json_object_get(json, "like") != NULL;
    if (!fields_are_all(at, json, infos, PROFILE_FIELD_COUNT, others) ||
        !read_frame(at, json, known, out)) {
        return false;
    }
    profile_values_of(out, values);
    if (!fields_weaken_inherited(at, json, PROFILE_FIELD_COUNT, out->marks) ||
        !fields_read(at, json, infos, PROFILE_FIELD_COUNT, like, values, out->marks)) {
        return false;
    }
    take_values(out, values);
    return profile_fits_together(at, out);
}

/* --- the file ------------------------------------------------------------------------------ */

static bool read_all(const char *origin, const json_t *list, const struct tls_stack *stacks,
                     size_t stack_count, struct sender_profile *items, struct buf *why)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *json = json_array_get(list, i);
        const char *id = json_string_value(json_object_get(json, "id"));
        const struct known_things known = {stacks, stack_count, items, i};
        struct field_place at = {.origin = origin, .thing = "profile", .id = id, .why = why};
        if (!field_is_id(id) || find_profile(&known, id) != NULL) {
            buf_putf(why,
                     "%s: profile %zu: id must be a unique name of a-z, 0-9, '.' and '-', at "
                     "most 40",
                     origin, i + 1);
            return false;
        }
        if (!read_profile(&at, json, &known, &items[i])) {
            return false;
        }
    }
    return true;
}

static const json_t *sender_profiles_of(const char *origin, const json_t *root, struct buf *why)
{
    static const char *const known[] = {"format", "notes", "tls_stacks", "profiles", NULL};
    const char *unknown = NULL;
    const json_t *list = json_object_get(root, "profiles");
    if (!field_object_has_only(root, known, &unknown)) {
        buf_putf(why, "%s: ", origin);
        field_put_key(why, unknown);
        buf_put_text(why,
                     " is not a key of the file; known keys: format, notes, tls_stacks, profiles");
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
            field_put_printable(why, error.text, sizeof(error.text)); /* it quotes the file */
        } else {
            buf_putf(why, "%s: the file must be one object", origin);
        }
        json_decref(root);
        return NULL;
    }
    const json_t *list = sender_profiles_of(origin, root, why);
    struct sender_profile *items = memory_new(SENDER_PROFILES_MAX, sizeof(*items));
    struct tls_stack *stacks = memory_new(TLS_STACKS_MAX, sizeof(*stacks));
    size_t stack_count = 0;
    if (list == NULL ||
        !tls_stacks_read(origin, json_object_get(root, "tls_stacks"), stacks, &stack_count, why) ||
        !read_all(origin, list, stacks, stack_count, items, why)) {
        free(stacks);
        free(items);
        json_decref(root);
        return NULL;
    }
    struct sender_profiles_file *f = memory_new(1, sizeof(*f));
    f->profiles = (struct sender_profiles){items, json_array_size(list)};
    f->stacks = stacks;
    f->octets = memory_new(octets.len + 1, 1);
    memcpy(f->octets, octets.at, octets.len);
    f->len = octets.len;
    f->memory = root; /* ids and titles lie in it */
    return f;
}

static bool read_file(const char *path, struct buf *octets, struct buf *why)
{
    switch (file_read(path, octets)) {
    case FILE_COMPLETE:
        return true;
    case FILE_TOO_LARGE:
        buf_putf(why, "%s: over %u octets; give a smaller file", path, SENDER_PROFILES_OCTETS_MAX);
        return false;
    case FILE_FAILED:
        buf_putf(why, "%s: %s; give a file of sender profiles", path, strerror(errno));
        return false;
    }
    UNREACHABLE("unknown file_end");
}

struct sender_profiles_file *sender_profiles_load(const char *path, struct buf *why)
{
    if (path == NULL) {
        return sender_profiles_parse(shipped_profiles_json(), SHIPPED_NAME, why);
    }
    struct buf octets = BUF_INIT(SENDER_PROFILES_OCTETS_MAX);
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
        free(f->stacks);
        free(f->octets);
        free(f);
    }
}
