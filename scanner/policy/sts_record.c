#include "scanner/policy/sts_record.h"

#include "scanner/policy/octets.h"

#define ID_MAX 32 /* RFC 8461 section 3.1 */

/* A repeated name is looked for in so much of the record: one of 64 KB stays linear. */
#define FIELDS_COMPARED 16
#define OCTETS_COMPARED 1024

static const struct span version_literal = SPAN_INIT("v=STSv1");

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

static bool has_version_later(struct span text)
{
    struct record_field field;
    while (next_field(&text, &field)) {
        if (span_ieq(trim_back(field.text), version_literal)) {
            return true;
        }
    }
    return false;
}

static bool has_version_first(struct span text)
{
    return is_version_front(trim_front(text), version_literal);
}

/* In the lenient reading it is meant to be a record of MTA-STS. */
static bool is_meant(struct span text)
{
    return has_version_first(text) || has_version_later(text);
}

static void note_version(struct sts_records *out, struct span text)
{
    struct span s = trim_front(text);
    if (!has_version_first(text)) {
        note(out, STS_RECORD_VERSION_NOT_FIRST, text);
        return;
    }
    if (!begins_with(s, version_literal)) {
        note(out, STS_RECORD_VERSION_CASE, span_take(s, version_literal.len));
    }
    if (s.len == version_literal.len || s.at[version_literal.len] != ';') {
        note(out, STS_RECORD_NO_DELIMITER, s);
    }
    if (s.len < text.len) {
        note(out, STS_RECORD_VERSION_NOT_FIRST, text); /* white space is */
    }
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
    return span_ieq(name, SPAN_LIT("mode")) || span_ieq(name, SPAN_LIT("mx")) ||
           span_ieq(name, SPAN_LIT("max_age"));
}

/* "mode=enforce", and "mode: enforce" as it stands in a policy. */
static bool is_of_policy(struct span field)
{
    return is_policy_key(trim(span_before(field, '='))) ||
           is_policy_key(trim(span_before(field, ':')));
}

struct fields {
    bool has_id;
    bool fits; /* the grammar of RFC 8461 section 3.1 */
};

static void misfit(struct sts_records *out, struct fields *f, enum sts_record_fault fault,
                   struct span evidence)
{
    note(out, fault, evidence);
    f->fits = false;
}

static void read_id(struct sts_records *out, struct fields *f, struct span value)
{
    if (f->has_id) {
        note(out, STS_RECORD_DUPLICATE_FIELD, SPAN_LIT("id"));
        return; /* RFC 8461 section 3.2, of records as well: the first counts */
    }
    f->has_id = true;
    out->id = trim(value);
    if (!is_id(value)) {
        misfit(out, f, STS_RECORD_ID_SYNTAX, value);
    } else if (value.len > ID_MAX) {
        misfit(out, f, STS_RECORD_ID_TOO_LONG, value);
    }
}

static void read_extension(struct sts_records *out, struct fields *f, struct span field)
{
    if (is_of_policy(field)) {
        note(out, STS_RECORD_POLICY_FIELDS, field);
    }
    if (!is_extension_name(span_before(field, '=')) || !is_record_value(span_behind(field, '='))) {
        misfit(out, f, STS_RECORD_EXTENSION_SYNTAX, field);
    }
}

/* Is the name of this field that of an earlier one? Fields without "=" have no name. */
static bool is_repeated(struct span fields, struct span field)
{
    struct span name = span_before(field, '=');
    struct record_field earlier;
    fields = span_take(fields, OCTETS_COMPARED);
    for (int n = 0; n < FIELDS_COMPARED && next_field(&fields, &earlier); n++) {
        if (earlier.text.at == field.at) {
            return false;
        }
        if (name.len > 0 && name.len < field.len && has_octet(earlier.text, '=') &&
            span_eq(span_before(earlier.text, '='), name)) {
            return true;
        }
    }
    return false;
}

static void read_field(struct sts_records *out, struct fields *f, struct span fields,
                       struct span field)
{
    if (begins_with(field, SPAN_LIT("id="))) {
        read_id(out, f, span_drop(field, 3));
        return;
    }
    /* A version behind the first one is an extension by the letter, and has to be passed over. */
    bool version = span_ieq(trim_back(field), version_literal);
    if (!version) {
        read_extension(out, f, field);
    }
    if ((version && !sts_records_have(out, STS_RECORD_VERSION_NOT_FIRST)) ||
        is_repeated(fields, field)) {
        note(out, STS_RECORD_DUPLICATE_FIELD, span_before(field, '='));
    }
}

/* @return the record fits the grammar, but for what stands at its front */
static bool read_fields(struct sts_records *out, struct span text)
{
    struct fields f = {.fits = true};
    struct span fields = has_version_first(text) ? behind_version(text, version_literal) : text;
    struct span rest = fields;
    struct record_field field;
    while (next_field(&rest, &field)) {
        if (field.text.len > 0) {
            read_field(out, &f, fields, field.text);
        } else if (field.ended) {
            misfit(out, &f, STS_RECORD_EXTENSION_SYNTAX, SPAN_LIT(";;"));
        }
    }
    if (!f.has_id) {
        misfit(out, &f, STS_RECORD_ID_MISSING, text);
    }
    if (has_high_octet(text)) {
        misfit(out, &f, STS_RECORD_NON_ASCII, text);
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
