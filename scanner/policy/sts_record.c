#include "scanner/policy/sts_record.h"

#define ID_MAX 32 /* RFC 8461 section 3.1 */

static const struct span version_literal = SPAN_INIT("v=STSv1");

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static struct span trim(struct span s)
{
    while (s.len > 0 && is_space(s.at[0])) {
        s = span_drop(s, 1);
    }
    while (s.len > 0 && is_space(s.at[s.len - 1])) {
        s.len--;
    }
    return s;
}

static bool begins_with(struct span s, struct span head)
{
    return s.len >= head.len && span_eq(span_take(s, head.len), head);
}

static bool begins_with_any_case(struct span s, struct span head)
{
    return s.len >= head.len && span_ieq(span_take(s, head.len), head);
}

static bool is_strict(struct span text)
{
    return begins_with(text, SPAN_LIT("v=STSv1;"));
}

static void note(struct sts_records *out, enum sts_record_fault fault, struct span evidence)
{
    if (!sts_records_have(out, fault)) {
        out->faults |= 1U << fault;
        out->evidence[fault] = evidence;
    }
}

/** Takes the field up to the next semicolon off the front. @return false at the end. */
static bool next_field(struct span *rest, struct span *field)
{
    if (rest->len == 0) {
        return false;
    }
    const uint8_t *semicolon = memchr(rest->at, ';', rest->len);
    size_t len = semicolon != NULL ? (size_t)(semicolon - rest->at) : rest->len;
    *field = span_take(*rest, len);
    *rest = span_drop(*rest, semicolon != NULL ? len + 1 : len);
    return true;
}

/* "STSv1" stands alone behind "v=": not "STSv10". */
static bool is_version(struct span text)
{
    return begins_with_any_case(text, version_literal) &&
           (text.len == version_literal.len || !is_alnum(text.at[version_literal.len]));
}

static bool has_version_later(struct span text)
{
    struct span field;
    while (next_field(&text, &field)) {
        if (span_ieq(trim(field), version_literal)) {
            return true;
        }
    }
    return false;
}

/* In the lenient reading it is meant to be a record of MTA-STS. */
static bool is_meant(struct span text)
{
    return is_version(trim(text)) || has_version_later(text);
}

static void note_version(struct sts_records *out, struct span text)
{
    struct span trimmed = trim(text);
    if (!is_version(trimmed)) {
        note(out, STS_RECORD_VERSION_NOT_FIRST, text);
        return;
    }
    if (!begins_with(trimmed, version_literal)) {
        note(out, STS_RECORD_VERSION_CASE, span_take(trimmed, version_literal.len));
    }
    if (trimmed.len == version_literal.len || trimmed.at[version_literal.len] != ';') {
        note(out, STS_RECORD_NO_DELIMITER, trimmed);
    }
}

static bool is_ascii(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

/* sts-ext-name: 1 to 32 of letters, digits, "_", "-", "."; the first is a letter or digit. */
static bool is_extension_name(struct span s)
{
    bool ok = s.len >= 1 && s.len <= 32 && is_alnum(s.at[0]);
    for (size_t i = 0; ok && i < s.len; i++) {
        ok = is_alnum(s.at[i]) || s.at[i] == '_' || s.at[i] == '-' || s.at[i] == '.';
    }
    return ok;
}

/* sts-ext-value: visible ASCII without "=" and ";". */
static bool is_extension_value(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < 0x21 || s.at[i] > 0x7e || s.at[i] == '=' || s.at[i] == ';') {
            return false;
        }
    }
    return s.len > 0;
}

static bool is_id(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_alnum(s.at[i])) {
            return false;
        }
    }
    return s.len > 0;
}

static bool is_policy_key(struct span name)
{
    static const struct span keys[] = {SPAN_INIT("mode"), SPAN_INIT("mx"), SPAN_INIT("max_age")};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (span_ieq(name, keys[i])) {
            return true;
        }
    }
    return false;
}

static void split(struct span field, struct span *name, struct span *value)
{
    const uint8_t *equals = memchr(field.at, '=', field.len);
    size_t len = equals != NULL ? (size_t)(equals - field.at) : field.len;
    *name = span_take(field, len);
    *value = equals != NULL ? span_drop(field, len + 1) : (struct span){0};
}

/* "mode: enforce", as it stands in a policy. */
static bool is_policy_line(struct span field)
{
    const uint8_t *colon = memchr(field.at, ':', field.len);
    return colon != NULL && is_policy_key(trim(span_take(field, (size_t)(colon - field.at))));
}

struct fields {
    bool has_id;
    bool fits; /* the grammar of RFC 8461 section 3.1 */
};

static void read_id(struct sts_records *out, struct fields *f, struct span value)
{
    if (f->has_id) {
        note(out, STS_RECORD_DUPLICATE_FIELD, SPAN_LIT("id"));
        return; /* RFC 8461 section 3.1: the first counts */
    }
    f->has_id = true;
    if (!is_id(value)) {
        note(out, STS_RECORD_ID_SYNTAX, value);
        f->fits = false;
    } else if (value.len > ID_MAX) {
        note(out, STS_RECORD_ID_TOO_LONG, value);
        f->fits = false;
    }
    out->id = out->id.len == 0 ? value : out->id;
}

static void read_extension(struct sts_records *out, struct fields *f, struct span field)
{
    struct span name;
    struct span value;
    split(field, &name, &value);
    if (is_policy_key(name) || is_policy_line(field)) {
        note(out, STS_RECORD_POLICY_FIELDS, field);
    }
    if (!is_extension_name(name) || !is_extension_value(value)) {
        note(out, STS_RECORD_EXTENSION_SYNTAX, field);
        f->fits = false;
    }
}

/* Is the name of this field that of an earlier one? The bound keeps a record of 64 KB linear. */
static bool is_repeated(struct span text, struct span field, struct span name)
{
    struct span earlier;
    for (int looked = 0; looked < 16 && next_field(&text, &earlier); looked++) {
        struct span other;
        struct span value;
        earlier = trim(earlier);
        if (earlier.at == field.at) {
            return false;
        }
        split(earlier, &other, &value);
        if (other.len > 0 && span_eq(other, name)) {
            return true;
        }
    }
    return false;
}

/* @return the record fits the grammar, but for what stands at its front */
static bool read_fields(struct sts_records *out, struct span text)
{
    struct fields f = {.fits = true};
    struct span rest = text;
    struct span field;
    for (bool first = true; next_field(&rest, &field); first = false) {
        struct span whole = field;
        field = trim(field);
        if (span_ieq(field, version_literal)) {
            f.fits = f.fits && first;
            continue;
        }
        struct span name;
        struct span value;
        split(field, &name, &value);
        if (field.len == 0) {
            /* Only the one semicolon at the end may have nothing behind it. */
            if (rest.len > 0 || whole.len == 0) {
                note(out, STS_RECORD_EXTENSION_SYNTAX, SPAN_LIT(";;"));
                f.fits = false;
            }
        } else if (span_eq(name, SPAN_LIT("id"))) {
            read_id(out, &f, value);
        } else if (!(first && is_version(field))) {
            read_extension(out, &f, field);
            if (is_repeated(text, field, name)) {
                note(out, STS_RECORD_DUPLICATE_FIELD, name);
            }
        }
    }
    if (!f.has_id) {
        note(out, STS_RECORD_ID_MISSING, text);
        f.fits = false;
    }
    if (!is_ascii(text)) {
        note(out, STS_RECORD_NON_ASCII, text);
        f.fits = false;
    }
    return f.fits;
}

void sts_records_read(const struct span *texts, size_t count, struct sts_records *out)
{
    struct span strict = {0};
    struct span lenient = {0};
    *out = (struct sts_records){0};
    for (size_t i = 0; i < count; i++) {
        if (is_strict(texts[i])) {
            strict = out->strict_count++ == 0 ? texts[i] : strict;
        }
        if (is_meant(texts[i])) {
            lenient = out->lenient_count++ == 0 ? texts[i] : lenient;
        } else {
            note(out, STS_RECORD_UNRELATED, texts[i]);
        }
    }
    if (out->strict_count > 1) {
        note(out, STS_RECORD_MULTIPLE, strict);
    }
    if (out->lenient_count == 0) {
        return;
    }
    struct span chosen = out->strict_count > 0 ? strict : lenient;
    note_version(out, chosen);
    bool fits = read_fields(out, chosen);
    out->valid = out->strict_count == 1 && fits;
    out->lenient_valid = out->lenient_count == 1 && out->id.len > 0;
}
