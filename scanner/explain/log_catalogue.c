#include "scanner/explain/log_catalogue.h"

#include <jansson.h>

#include "scanner/base/check.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/shipped/shipped_log_patterns.h"

#define FORMAT 1

const struct vocabulary log_actor_vocabulary = VOCABULARY_WORDS(LOG_ACTORS);
const struct vocabulary log_role_vocabulary = VOCABULARY_WORDS(LOG_ROLES);
const struct vocabulary log_weight_vocabulary = VOCABULARY_WORDS(LOG_WEIGHTS);

/* --- one entry ------------------------------------------------------------------------------ */

struct entry_reading {
    const char *origin;
    const char *id;
    const json_t *json;
    struct buf *why;
};

static bool log_entry_fault(const struct entry_reading *r, const char *key, const char *must_be)
{
    buf_putf(r->why, "%s: entry '%s': %s must be %s", r->origin, r->id, key, must_be);
    return false;
}

/** A text in one line, or with `optional` null. */
static bool take_text(const struct entry_reading *r, const char *key, bool optional,
                      const char **out)
{
    const json_t *value = json_object_get(r->json, key);
    *out = json_string_value(value);
    if (optional && json_is_null(value)) {
        return true;
    }
    return (*out != NULL && (*out)[0] != '\0' && strpbrk(*out, "\n\r") == NULL) ||
           log_entry_fault(r, key, optional ? "a text in one line, or null" : "a text in one line");
}

static bool take_word(const struct entry_reading *r, const char *key, const struct vocabulary *v,
                      unsigned *out)
{
    return vocabulary_find(v, span_of(json_string_value(json_object_get(r->json, key))), out) ||
           log_entry_fault(r, key, "a word of its list");
}

static bool take_patterns(const struct entry_reading *r, struct log_entry *e)
{
    const json_t *list = json_object_get(r->json, "patterns");
    e->pattern_count = json_array_size(list);
    if (e->pattern_count == 0 || e->pattern_count > LOG_FORMS_MAX) {
        return log_entry_fault(r, "patterns", "a list of 1 to 4 patterns");
    }
    for (size_t i = 0; i < e->pattern_count; i++) {
        if (!log_pattern_read(&e->patterns[i],
                              span_of(json_string_value(json_array_get(list, i))))) {
            return log_entry_fault(r, "patterns", "patterns with a text, of 16 pieces at most");
        }
    }
    return true;
}

static bool take_findings(const struct entry_reading *r, struct log_entry *e)
{
    const json_t *list = json_object_get(r->json, "findings");
    e->finding_count = json_array_size(list);
    if (!json_is_array(list) || e->finding_count > LOG_FINDINGS_MAX) {
        return log_entry_fault(r, "findings", "a list of up to 8 codes");
    }
    for (size_t i = 0; i < e->finding_count; i++) {
        const char *code = json_string_value(json_array_get(list, i));
        if (code == NULL || !finding_code_find(code, &e->findings[i])) {
            return log_entry_fault(r, "findings", "codes of findings");
        }
    }
    return true;
}

static bool take_entry(const struct entry_reading *r, struct log_entry *e)
{
    unsigned role = 0;
    unsigned weight = 0;
    unsigned actor = 0;
    e->id = r->id;
    if (!take_text(r, "software", false, &e->software) ||
        !take_text(r, "happened", false, &e->happened) ||
        !take_text(r, "cause", false, &e->cause) || !take_text(r, "fix", false, &e->fix) ||
        !take_text(r, "source", false, &e->source) || !take_text(r, "seen", true, &e->seen) ||
        !take_text(r, "example", false, &e->example) ||
        !take_word(r, "role", &log_role_vocabulary, &role) ||
        !take_word(r, "weight", &log_weight_vocabulary, &weight) ||
        !take_word(r, "act", &log_actor_vocabulary, &actor) || !take_patterns(r, e) ||
        !take_findings(r, e)) {
        return false;
    }
    e->role = (enum log_role)role;
    e->weight = (enum log_weight)weight;
    e->actor = (enum log_actor)actor;
    return true;
}

/* --- the file ------------------------------------------------------------------------------- */

static bool catalogue_take_entries(struct log_catalogue *c, const char *origin, struct buf *why)
{
    const json_t *list = json_object_get(c->memory, "entries");
    c->entry_count = json_array_size(list);
    if (c->entry_count == 0 || c->entry_count > LOG_ENTRIES_MAX) {
        buf_putf(why, "%s: entries must be a list of 1 to %d objects", origin, LOG_ENTRIES_MAX);
        return false;
    }
    c->entries = memory_new(c->entry_count, sizeof(*c->entries));
    for (size_t i = 0; i < c->entry_count; i++) {
        const json_t *json = json_array_get(list, i);
        const char *id = json_string_value(json_object_get(json, "id"));
        struct entry_reading r = {origin, id != NULL ? id : "", json, why};
        if (id == NULL) {
            return log_entry_fault(&r, "id", "a text");
        }
        if (!take_entry(&r, &c->entries[i])) {
            return false;
        }
    }
    return true;
}

static bool catalogue_take_places(struct log_catalogue *c, const char *origin, struct buf *why)
{
    const json_t *list = json_object_get(c->memory, "places");
    c->place_count = json_array_size(list);
    c->places = memory_new(LOG_PLACES_MAX, sizeof(*c->places));
    bool good = json_is_array(list) && c->place_count <= LOG_PLACES_MAX;
    for (size_t i = 0; good && i < c->place_count; i++) {
        good = log_pattern_read(&c->places[i], span_of(json_string_value(json_array_get(list, i))));
    }
    if (!good) {
        buf_putf(why, "%s: places must be a list of up to %d patterns", origin, LOG_PLACES_MAX);
    }
    return good;
}

struct log_catalogue *log_catalogue_read(struct span json, const char *origin, struct buf *why)
{
    json_error_t error;
    struct log_catalogue *c = memory_new(1, sizeof(*c));
    c->memory = json_loadb(json.len > 0 ? (const char *)json.at : "", json.len,
                           JSON_REJECT_DUPLICATES, &error);
    if (c->memory == NULL) {
        buf_putf(why, "%s: line %d is no JSON", origin, error.line);
    } else if (json_integer_value(json_object_get(c->memory, "format")) != FORMAT) {
        buf_putf(why, "%s: format must be %d", origin, FORMAT);
    } else if (catalogue_take_entries(c, origin, why) && catalogue_take_places(c, origin, why)) {
        return c;
    }
    log_catalogue_free(c);
    return NULL;
}

struct log_catalogue *log_catalogue_shipped(void)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct log_catalogue *c =
        log_catalogue_read(shipped_log_patterns_json(), "bundled log patterns", &why);
    CHECK(c != NULL); /* a unit test reads it too */
    buf_deinit(&why);
    return c;
}

void log_catalogue_free(struct log_catalogue *c)
{
    if (c != NULL) {
        free(c->entries);
        free(c->places);
        json_decref(c->memory);
        free(c);
    }
}

/* --- a line --------------------------------------------------------------------------------- */

/** A name such as tls-mx.example.org says nothing about TLS. */
static bool is_part_of_name(uint8_t c)
{
    return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '.' ||
           c == '-' || c == '@';
}

/** Does `line` have `word` at `at`, with an end or TLSA, TLSv1, SSL_accept behind it? */
static bool word_is_at(struct span line, size_t at, struct span word)
{
    struct span here = span_drop(line, at);
    if (!span_ieq(span_take(here, word.len), word)) {
        return false;
    }
    uint8_t after = here.len > word.len ? ascii_lower(here.at[word.len]) : ' ';
    return (!is_part_of_name(after) || after == 'a' || after == 'v') &&
           (at == 0 || !is_part_of_name(line.at[at - 1]));
}

static bool is_about_tls(struct span line)
{
    static const struct span words[] = {SPAN_INIT("tls"),         SPAN_INIT("starttls"),
                                        SPAN_INIT("ssl"),         SPAN_INIT("dane"),
                                        SPAN_INIT("certificate"), SPAN_INIT("mta-sts")};
    for (size_t i = 0; i < line.len; i++) {
        uint8_t c = ascii_lower(line.at[i]);
        if (c != 't' && c != 's' && c != 'd' && c != 'c' && c != 'm') {
            continue;
        }
        for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
            if (word_is_at(line, i, words[w])) {
                return true;
            }
        }
    }
    return false;
}

static const struct log_entry *find_entry(const struct log_catalogue *c, struct span line,
                                          struct log_places *places)
{
    struct log_pairs pairs;
    log_pairs_of(line, &pairs);
    for (size_t i = 0; i < c->entry_count; i++) {
        for (size_t k = 0; k < c->entries[i].pattern_count; k++) {
            const struct log_pattern *p = &c->entries[i].patterns[k];
            if (log_pattern_may_fit(p, &pairs) && log_pattern_fits(p, line, places)) {
                return &c->entries[i];
            }
        }
    }
    return NULL;
}

/** "mx.example.org." of Sendmail and of DNS. */
static struct span without_dot(struct span name)
{
    return name.len > 0 && name.at[name.len - 1] == '.' ? span_take(name, name.len - 1) : name;
}

/** Of "192.0.2.1:25", where the pattern cannot part them, as addresses have colons too. */
static struct span without_port(struct span address)
{
    const uint8_t *colon = address.len > 0 ? memchr(address.at, ':', address.len) : NULL;
    size_t len = colon != NULL ? (size_t)(colon - address.at) : address.len;
    return len > 0 && memchr(address.at, '.', len) != NULL ? span_take(address, len) : address;
}

/** What the pattern of the entry does not say. The first that says it counts. */
static void find_places(const struct log_catalogue *c, struct span line, struct log_places *places)
{
    for (size_t i = 0; i < c->place_count; i++) {
        struct log_places more = {0};
        if (!log_pattern_fits(&c->places[i], line, &more)) {
            continue;
        }
        if (places->host.len == 0 && places->address.len == 0) {
            places->host = more.host;
            places->address = more.address;
            places->port = more.port;
        }
        if (places->domain.len == 0) {
            places->domain = more.domain;
        }
    }
    places->host = without_dot(places->host);
    places->address = without_port(places->address);
    places->domain = without_dot(places->domain);
}

void log_line_read(const struct log_catalogue *c, struct span line, struct log_reading *r)
{
    line = text_trim(span_take(line, LOG_LINE_MAX));
    *r = (struct log_reading){0};
    r->entry = find_entry(c, line, &r->places);
    if (r->entry != NULL) {
        find_places(c, line, &r->places);
    } else {
        r->about_tls = is_about_tls(line);
    }
}
