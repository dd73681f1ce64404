#include "scanner/domain/column_choice.h"

#include "scanner/base/text.h"
#include "scanner/domain/csv_record.h"
#include "scanner/domain/domain_name.h"

/** The first record, cut at one delimiter, without quotes. */
struct first_record {
    struct buf octets; /* a copy: quotes are taken off in place */
    struct csv_fields fields;
    struct buf domain; /* scratch */
};

static void first_record_cut(struct first_record *r, struct span record, uint8_t delimiter)
{
    buf_reset(&r->octets);
    buf_put(&r->octets, record);
    r->fields.delimiter = delimiter;
    csv_fields_split(&r->fields, buf_span(&r->octets));
    for (size_t i = 0; i < r->fields.count; i++) {
        size_t offset = (size_t)(r->fields.at[i].at - r->octets.at);
        r->fields.at[i] = csv_field_unquote(r->octets.at + offset, r->fields.at[i].len);
    }
}

static bool column_is_number(struct span field)
{
    uint64_t n;
    return text_to_u64(text_trim(field), &n);
}

static bool is_dotted_domain(struct first_record *r, struct span field)
{
    buf_reset(&r->domain);
    return domain_name_normalise(field, &r->domain) == NULL &&
           memchr(r->domain.at, '.', r->domain.len) != NULL;
}

/** user@domain is read as the domain, but is mostly the address of somebody else. */
static bool is_mail_address(struct span field)
{
    return field.len > 0 && memchr(field.at, '@', field.len) != NULL;
}

/** What headers of domain lists call the column. Alone on a line, "name" and "host" are TLDs. */
static bool is_header_word(struct span field, bool alone)
{
    static const char *const words[] = {"domain",      "domains",    "domain_name",
                                        "domain name", "domainname", "fqdn",
                                        "hostname",    "host",       "name"};
    size_t count = sizeof(words) / sizeof(words[0]) - (alone ? 2 : 0);
    for (size_t i = 0; i < count; i++) {
        if (span_ieq(text_trim(field), span_of(words[i]))) {
            return true;
        }
    }
    return false;
}

/** By the fields alone. */
static void choose_by_content(struct first_record *r, struct column_choice *c)
{
    const struct csv_fields *f = &r->fields;
    size_t word = SIZE_MAX;
    size_t mail = SIZE_MAX;
    bool number = false;
    for (size_t i = 0; i < f->count; i++) {
        if (is_dotted_domain(r, f->at[i]) && !is_mail_address(f->at[i])) {
            c->column = i;
            c->reason = COLUMN_REASON_DOMAIN;
            c->rank_is_first = i == 1 && column_is_number(f->at[0]); /* Tranco, Umbrella, Alexa */
            return;
        }
        if (mail == SIZE_MAX && is_mail_address(f->at[i]) && is_dotted_domain(r, f->at[i])) {
            mail = i;
        }
        number |= column_is_number(f->at[i]);
        if (word == SIZE_MAX && is_header_word(f->at[i], f->count == 1)) {
            word = i;
        }
    }
    if (mail != SIZE_MAX) {
        c->column = mail;
        c->reason = COLUMN_REASON_MAIL;
        c->rank_is_first = mail == 1 && column_is_number(f->at[0]);
    } else if (word != SIZE_MAX && !number) {
        c->column = word;
        c->reason = COLUMN_REASON_HEADER;
        c->is_header = true;
    } else {
        bool behind = f->count > 1 && column_is_number(f->at[0]);
        c->column = behind ? 1 : 0;
        c->reason = behind ? COLUMN_REASON_RANK : COLUMN_REASON_NONE;
    }
}

/** @return false: the record has not what was asked for, or nothing to go by */
static bool choose_with(struct first_record *r, const char *asked, struct column_choice *c)
{
    const struct csv_fields *f = &r->fields;
    uint64_t number = 0;
    if (asked == NULL) {
        choose_by_content(r, c);
        return c->reason != COLUMN_REASON_RANK && c->reason != COLUMN_REASON_NONE;
    }
    c->reason = COLUMN_REASON_ASKED;
    if (text_to_u64(span_of(asked), &number)) {
        c->column = (size_t)number - 1;
        c->is_header = c->column < f->count && is_header_word(f->at[c->column], false);
        return f->count > 1 && c->column < f->count;
    }
    for (size_t i = 0; i < f->count; i++) {
        if (span_ieq(text_trim(f->at[i]), span_of(asked))) {
            c->column = i;
            c->is_header = true;
            return true;
        }
    }
    return false;
}

/** Where the delimiter stands first; beyond the record: nowhere. */
static size_t delimiter_at(const struct first_record *r)
{
    return r->fields.count > 1 ? (size_t)(r->fields.at[1].at - r->octets.at) : r->octets.len + 1;
}

static bool choice_refused(const char *asked, uint64_t line, bool found, struct buf *why)
{
    uint64_t number = 1;
    bool named = asked != NULL && !text_to_u64(span_of(asked), &number);
    if (number == 0) {
        buf_put_text(why, "has columns that are numbered from 1");
    } else if (named && !found) {
        buf_putf(why, "has no column \"%s\"; line %llu must be its header", asked,
                 (unsigned long long)line);
    }
    return number == 0 || (named && !found);
}

bool column_choose(struct span record, uint64_t line, const char *asked, struct column_choice *out,
                   struct buf *why)
{
    struct first_record r = {.octets = BUF_INIT(BUF_NO_LIMIT), .domain = BUF_INIT(BUF_NO_LIMIT)};
    size_t first = SIZE_MAX;
    bool quoted = record.len > 0 && record.at[0] == '"';
    for (const char *d = COLUMN_DELIMITERS; *d != '\0'; d++) {
        struct column_choice c = {.delimiter = (uint8_t)*d};
        first_record_cut(&r, record, c.delimiter);
        bool good = choose_with(&r, asked, &c);
        bool plain = asked == NULL && r.fields.count == 1 && !c.is_header && !quoted;
        c.reason = plain ? COLUMN_REASON_ONLY : c.reason;
        if (good && delimiter_at(&r) < first) {
            first = delimiter_at(&r);
            *out = c;
        } else if (*d == ',') {
            *out = c; /* a comma it is where none of them tells more */
        }
    }
    csv_fields_deinit(&r.fields);
    buf_deinit(&r.octets);
    buf_deinit(&r.domain);
    return !choice_refused(asked, line, first != SIZE_MAX, why);
}
