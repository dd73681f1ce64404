#include "scanner/policy/sts_record.h"

#include "scanner/policy/decoration.h"
#include "scanner/policy/record_choice.h"

#define ID_MAX 32 /* RFC 8461 section 3.1 */

/* A repeated name is looked for in so much of the record: one of 64 KB stays linear. */
#define FIELDS_COMPARED 16
#define OCTETS_COMPARED 1024

static const struct span version_literal = SPAN_INIT("v=STSv1");

static void sts_record_note(struct sts_records *out, enum sts_record_fault fault,
                            struct span evidence)
{
    if (!sts_records_have(out, fault)) {
        out->faults |= 1U << fault;
        out->evidence[fault] = evidence;
    }
}

static void add_quirk(struct sts_records *out, enum sts_record_quirk quirk)
{
    out->quirks |= 1U << quirk;
}

/* @param exact to the letter, or in any case */
static bool has_version_later(struct span text, bool exact)
{
    struct record_field field;
    while (next_field(&text, &field)) {
        struct span s = trim_back(field.text);
        if (exact ? span_eq(s, version_literal) : span_ieq(s, version_literal)) {
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
static bool sts_record_is_meant(struct span text)
{
    bool quoted;
    return has_version_first(decoration_remove(text, &quoted)) || has_version_later(text, false);
}

static void note_delimiter(struct sts_records *out, struct span s, size_t count)
{
    enum record_front front = record_front_of(s, version_literal);
    if (front != RECORD_FRONT_OTHER && count == 1) {
        if (front == RECORD_FRONT_LOOSE) {
            sts_record_note(out, STS_RECORD_SPACE_BEFORE_DELIMITER, s);
        }
    } else if (s.len == version_literal.len || s.at[version_literal.len] != ';') {
        sts_record_note(out, STS_RECORD_NO_DELIMITER, s);
    }
}

/* @param count of all records at the name */
static void sts_record_note_version(struct sts_records *out, struct span text, size_t count)
{
    struct span s = trim_front(text);
    if (!has_version_first(text)) {
        sts_record_note(out, STS_RECORD_VERSION_NOT_FIRST, text);
        add_quirk(out, STS_RECORD_QUIRK_VERSION_LATER);
        return;
    }
    if (!begins_with(s, version_literal)) {
        sts_record_note(out, STS_RECORD_VERSION_CASE, span_take(s, version_literal.len));
    }
    if (is_escaped(s, version_literal)) {
        sts_record_note(out, STS_RECORD_ESCAPED, text);
    } else {
        note_delimiter(out, s, count);
    }
    if (s.len < text.len) {
        sts_record_note(out, STS_RECORD_VERSION_NOT_FIRST, text); /* white space is */
        add_quirk(out, STS_RECORD_QUIRK_FRONT_SPACE);
    }
    if (has_delimiter(s, version_literal) && s.at[version_literal.len] != ';') {
        add_quirk(out, STS_RECORD_QUIRK_SPACE_BEFORE_DELIMITER);
    }
}

/* The version is where some reader finds it. */
static bool has_readable_front(struct span text)
{
    return record_front_of(trim_front(text), version_literal) != RECORD_FRONT_OTHER ||
           (!has_version_first(text) && has_version_later(text, true));
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
    bool has_spaced_id; /* "id =1": an id for some readers */
    bool fits;          /* the grammar of RFC 8461 section 3.1 */
};

static void sts_record_misfit(struct sts_records *out, struct fields *f,
                              enum sts_record_fault fault, struct span evidence)
{
    sts_record_note(out, fault, evidence);
    f->fits = false;
}

/* White space behind the last field, where no semicolon makes it part of field-delim. */
static void add_end_quirk(struct sts_records *out, struct span field)
{
    if (trim_back(field).len < field.len) {
        add_quirk(out, STS_RECORD_QUIRK_END_SPACE);
    }
}

static void read_id(struct sts_records *out, struct fields *f, struct span value)
{
    if (f->has_id) {
        sts_record_note(out, STS_RECORD_DUPLICATE_FIELD, SPAN_LIT("id"));
        add_quirk(out, STS_RECORD_QUIRK_DUPLICATE_ID);
        return; /* RFC 8461 section 3.2, of records as well: the first counts */
    }
    bool escaped = value.len > 0 && value.at[value.len - 1] == '\\';
    f->has_id = true;
    out->id = trim(span_take(value, value.len - escaped));
    if (escaped) {
        sts_record_misfit(out, f, STS_RECORD_ESCAPED, value);
    } else if (!is_id(value)) {
        sts_record_misfit(out, f, STS_RECORD_ID_SYNTAX, value);
    } else if (value.len > ID_MAX) {
        sts_record_misfit(out, f, STS_RECORD_ID_TOO_LONG, value);
    }
    add_end_quirk(out, value);
    if (!is_id(trim_back(value)) || trim_back(value).len > ID_MAX) {
        add_quirk(out, STS_RECORD_QUIRK_ID_SYNTAX);
    }
}

/* What it is for a reader that takes more than the grammar; white space at its end is told apart. */
static void add_extension_quirk(struct sts_records *out, struct fields *f, struct span field)
{
    field = trim_back(field);
    struct span name = span_before(field, '=');
    if (name.len == field.len) {
        add_quirk(out, STS_RECORD_QUIRK_FIELD_WITHOUT_SIGN);
    } else if (span_eq(trim_back(name), SPAN_LIT("id"))) {
        f->has_spaced_id = true;
        add_quirk(out, STS_RECORD_QUIRK_ID_SPACE);
    } else if (!is_extension_name(name) || !is_record_value(span_behind(field, '='))) {
        add_quirk(out, STS_RECORD_QUIRK_FIELD_SYNTAX);
    }
}

static void sts_record_read_extension(struct sts_records *out, struct fields *f, struct span field)
{
    if (is_of_policy(field)) {
        sts_record_note(out, STS_RECORD_POLICY_FIELDS, field);
    }
    if (!is_extension_name(span_before(field, '=')) || !is_record_value(span_behind(field, '='))) {
        sts_record_misfit(out, f, STS_RECORD_EXTENSION_SYNTAX, field);
        add_extension_quirk(out, f, field);
        add_end_quirk(out, field);
    }
}

/* Is the name of this field that of an earlier one? Fields without "=" have no name. */
static bool sts_field_is_repeated(struct span fields, struct span field)
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

static void sts_record_read_field(struct sts_records *out, struct fields *f, struct span fields,
                                  struct span field)
{
    if (begins_with(field, SPAN_LIT("id="))) {
        read_id(out, f, span_drop(field, 3));
        return;
    }
    /* A version behind the first one is an extension by the letter, and has to be passed over. */
    bool later = sts_records_have(out, STS_RECORD_VERSION_NOT_FIRST);
    bool version = span_ieq(later ? trim_back(field) : field, version_literal);
    if (!version) {
        sts_record_read_extension(out, f, field);
    }
    if ((version && !later) || sts_field_is_repeated(fields, field)) {
        sts_record_note(out, STS_RECORD_DUPLICATE_FIELD, span_before(field, '='));
    }
}

/* Between two semicolons, or behind the last one, where white space is part of field-delim. */
static void read_empty_field(struct sts_records *out, struct fields *f, bool ended)
{
    if (ended) {
        sts_record_misfit(out, f, STS_RECORD_EXTENSION_SYNTAX, SPAN_LIT(";;"));
        add_quirk(out, STS_RECORD_QUIRK_EMPTY_FIELD);
    } else {
        add_quirk(out, STS_RECORD_QUIRK_END_DELIMITER_SPACE);
    }
}

static struct fields sts_record_read_fields(struct sts_records *out, struct span text)
{
    struct fields f = {.fits = true};
    struct span fields = has_version_first(text) ? behind_version(text, version_literal) : text;
    struct span rest = fields;
    struct record_field field;
    while (next_field(&rest, &field)) {
        if (field.text.len == 0) {
            read_empty_field(out, &f, field.ended);
            continue;
        }
        sts_record_read_field(out, &f, fields, field.text);
    }
    if (!f.has_id) {
        sts_record_misfit(out, &f, STS_RECORD_ID_MISSING, text);
    }
    if (has_high_octet(text)) {
        sts_record_misfit(out, &f, STS_RECORD_NON_ASCII, text);
        add_quirk(out, STS_RECORD_QUIRK_NON_ASCII);
    }
    return f;
}

/* --- of several records -------------------------------------------------------------------- */

static void sts_record_sort_out(struct sts_records *out, struct record_choice *c, struct span text)
{
    bool meant = sts_record_is_meant(text);
    record_choice_add(c, text, version_literal, meant);
    out->lenient_count += meant;
    if (!meant) {
        sts_record_note(out, STS_RECORD_UNRELATED, text);
    }
}

/* What others make of the choice of section 3.1. */
static void note_company(struct sts_records *out, const struct record_choice *c)
{
    if (record_choice_is_several(c)) {
        sts_record_note(out, STS_RECORD_MULTIPLE, record_choice_first(c));
        add_quirk(out, STS_RECORD_QUIRK_SECOND_RECORD);
    } else if (c->strict_count == 1 && c->loose_count > 0) {
        sts_record_note(out, STS_RECORD_SECOND_LOOSE, c->loose);
        add_quirk(out, STS_RECORD_QUIRK_SECOND_LOOSE);
    }
    if (c->other_count > (c->strict_count + c->loose_count == 0)) {
        add_quirk(out, STS_RECORD_QUIRK_OTHER_RECORD);
    }
}

void sts_records_read(const struct span *texts, size_t count, struct sts_records *out)
{
    struct record_choice c = {0};
    *out = (struct sts_records){0};
    for (size_t i = 0; i < count; i++) {
        sts_record_sort_out(out, &c, texts[i]);
    }
    out->strict_count = c.strict_count;
    note_company(out, &c);
    if (out->lenient_count == 0) {
        return;
    }
    struct span chosen = record_choice_first(&c);
    bool bare = has_version_first(chosen) || has_version_later(chosen, false);
    bool quoted = false;
    struct span text = bare ? chosen : decoration_remove(chosen, &quoted);
    if (!bare) {
        sts_record_note(out, quoted ? STS_RECORD_QUOTED : STS_RECORD_VERSION_NOT_FIRST, chosen);
    }
    sts_record_note_version(out, text, count);
    struct fields f = sts_record_read_fields(out, text);
    out->valid = record_choice_is_one(&c, count) && f.fits;
    out->lenient_valid =
        out->lenient_count == 1 && out->id.len > 0 && bare && !is_escaped(text, version_literal);
    out->readable = bare && has_readable_front(text) && (f.has_id || f.has_spaced_id);
}
