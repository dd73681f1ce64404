#include "scanner/domain/column_choice.h"

#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/domain/csv_record.h"
#include "scanner/domain/domain_name.h"
#include "scanner/domain/list_line.h"

/* --- what stands in the columns, cut at one delimiter ----------------------------------------- */

#define WORD_NONE SIZE_MAX

/** What a column has: how many values of each kind, and what the first record calls it. */
struct column_values {
    size_t domains; /* with a dot */
    size_t urls;
    size_t mails;
    size_t values; /* of these kinds and numbers, below what can be a header */
    size_t word;   /* WORD_NONE: nothing that is known */
};

struct column_look {
    struct buf octets; /* a copy of a record: quotes are taken off in place */
    struct csv_fields fields;
    struct buf domain; /* scratch */
    struct buf own;    /* scratch */

    struct column_values *of; /* owned */
    size_t count;
    size_t cap;
    size_t records;      /* with data: all, but for what can be a header */
    size_t first_fields; /* of the first record */
    size_t first_end;    /* where its first field ends */
    bool can_be_header;  /* no field of the first record is a value of any kind */
    bool has_word;       /* but some is a word of headers */
    bool begins_with_number;
    size_t asked; /* by name; SIZE_MAX: no field of the first record is it */
};

static bool is_number(struct span field)
{
    uint64_t n;
    return text_to_u64(text_trim(field), &n);
}

/** user@domain is read as the domain, but is mostly the address of somebody else. */
static bool is_mail_address(struct span field)
{
    return field.len > 0 && memchr(field.at, '@', field.len) != NULL;
}

/** What headers of lists call the column of domains, the surest first. */
static const struct {
    const char *text;
    bool is_tld;   /* alone on a line it is a domain */
    bool is_vague; /* and the name of many other things */
} domain_words[] = {
    {"domain", false, false},      {"domains", false, false},    {"domain_name", false, false},
    {"domain name", false, false}, {"domainname", false, false}, {"fqdn", false, false},
    {"hostname", false, false},    {"host", true, false},        {"url", false, false},
    {"website", true, false},      {"web site", false, false},   {"web_site", false, false},
    {"homepage", false, false},    {"origin", false, true},      {"site", true, true},
    {"name", true, true},
};

/** What they call others: there is a header, and its domains stand below another name. */
static const char *const other_words[] = {"id",      "rank",          "email",   "e-mail",
                                          "mail",    "email address", "company", "customer",
                                          "country", "title"};

static size_t domain_word(struct span field, bool alone)
{
    for (size_t i = 0; i < sizeof(domain_words) / sizeof(domain_words[0]); i++) {
        if (span_ieq(text_trim(field), span_of(domain_words[i].text))) {
            return alone && domain_words[i].is_tld ? WORD_NONE : i;
        }
    }
    return WORD_NONE;
}

static bool is_other_word(struct span field)
{
    for (size_t i = 0; i < sizeof(other_words) / sizeof(other_words[0]); i++) {
        if (span_ieq(text_trim(field), span_of(other_words[i]))) {
            return true;
        }
    }
    return false;
}

static void look_cut(struct column_look *l, struct span record)
{
    buf_reset(&l->octets);
    buf_put(&l->octets, record);
    csv_fields_split(&l->fields, buf_span(&l->octets));
    for (size_t i = 0; i < l->fields.count; i++) {
        size_t offset = (size_t)(l->fields.at[i].at - l->octets.at);
        l->fields.at[i] = csv_field_unquote(l->octets.at + offset, l->fields.at[i].len);
    }
    while (l->count < l->fields.count) {
        l->of = l->count < l->cap ? l->of
                                  : memory_resize(l->of, l->cap = l->cap * 2 + 8, sizeof(*l->of));
        l->of[l->count++] = (struct column_values){.word = WORD_NONE};
    }
}

/** @return false: it is no value of a kind that tells something */
static bool look_count_value(struct column_look *l, struct column_values *v, struct span field)
{
    buf_reset(&l->domain);
    if (domain_name_normalise(field, &l->domain) != NULL ||
        memchr(l->domain.at, '.', l->domain.len) == NULL) {
        return is_number(field);
    }
    *(domain_name_is_in_url(field) ? &v->urls
      : is_mail_address(field)     ? &v->mails
                                   : &v->domains) += 1;
    return true;
}

static void look_at_first(struct column_look *l, struct span record, const char *asked)
{
    look_cut(l, record);
    l->first_fields = l->count;
    l->first_end = l->count > 1 ? (size_t)(l->fields.at[1].at - l->octets.at) : record.len + 1;
    l->begins_with_number = is_number(l->fields.at[0]);
    l->can_be_header = true;
    l->asked = SIZE_MAX;
    for (size_t i = 0; i < l->count; i++) {
        struct span field = l->fields.at[i];
        bool is_asked = asked != NULL && span_ieq(text_trim(field), span_of(asked));
        l->asked = is_asked && l->asked == SIZE_MAX ? i : l->asked;
        l->can_be_header &= !look_count_value(l, &l->of[i], field);
        l->of[i].word = domain_word(field, l->count == 1);
        l->has_word |= l->of[i].word != WORD_NONE || is_other_word(field);
    }
    for (size_t i = 0; i < l->count && !l->can_be_header; i++) {
        l->of[i].word = WORD_NONE; /* but data */
    }
    l->records = l->can_be_header ? 0 : 1;
}

static void look_at_another(struct column_look *l, struct span record)
{
    look_cut(l, record);
    for (size_t i = 0; i < l->fields.count; i++) {
        l->of[i].values += look_count_value(l, &l->of[i], l->fields.at[i]);
    }
    l->records++;
}

/** Takes the next record off the front. @return false: there is none that is known to be whole */
static bool sample_take_record(struct span *rest, uint8_t delimiter, bool is_all,
                               struct span *record)
{
    while (rest->len > 0) {
        struct csv_scan scan = {.delimiter = delimiter};
        struct span behind = *rest;
        if (!list_line_is_data(text_take_until(&behind, '\n'))) {
            *rest = behind;
            continue;
        }
        if (!csv_scan_feed(&scan, *rest) && (!is_all || scan.state == CSV_QUOTED)) {
            return false;
        }
        *record = list_line_without_end(span_take(*rest, scan.at));
        *rest = span_drop(*rest, scan.at);
        return true;
    }
    return false;
}

/** Memory of a look before is used again. */
static void look_begin(struct column_look *l, const struct column_sample *sample, uint8_t delimiter,
                       const char *asked)
{
    struct span rest = sample->rest;
    struct span record;
    l->fields.delimiter = delimiter;
    l->count = 0;
    l->has_word = false;
    look_at_first(l, sample->first, asked);
    while (sample_take_record(&rest, delimiter, sample->is_all, &record)) {
        look_at_another(l, record);
    }
}

static void look_deinit(struct column_look *l)
{
    csv_fields_deinit(&l->fields);
    buf_deinit(&l->octets);
    buf_deinit(&l->domain);
    buf_deinit(&l->own);
    free(l->of);
}

/* --- the choice ------------------------------------------------------------------------------- */

static size_t look_names(const struct column_look *l, size_t i)
{
    return l->of[i].domains + l->of[i].urls;
}

/** A first record of words alone, whatever they are, above a column that has a value in every other. */
static bool is_header_by_values(const struct column_look *l, size_t column)
{
    return l->can_be_header && l->first_fields > 1 && column < l->first_fields && l->records >= 2 &&
           l->of[column].values == l->records;
}

/** Of several columns with a word the surest; of others one with domains rather than URLs, and the first. */
static bool is_better(const struct column_look *l, size_t i, size_t than)
{
    if (than == SIZE_MAX || l->of[i].word != l->of[than].word) {
        return than == SIZE_MAX || l->of[i].word < l->of[than].word;
    }
    return l->of[i].domains >= l->of[i].urls && l->of[than].domains < l->of[than].urls;
}

/** @param least of names that it must have @return SIZE_MAX: none has them */
static size_t best_of(const struct column_look *l, size_t least, bool with_word)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < l->count; i++) {
        bool word = l->of[i].word != WORD_NONE;
        if (look_names(l, i) >= least && (word || !with_word) && is_better(l, i, best)) {
            best = i;
        }
    }
    return best;
}

static size_t first_with_mails(const struct column_look *l)
{
    for (size_t i = 0; i < l->count; i++) {
        if (l->of[i].mails > 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

/** A header word that the values do not bear out is believed where no column is mostly names, and a vague one not beside
 * mail addresses. */
static size_t word_alone(const struct column_look *l, size_t most)
{
    size_t column = most * 2 <= l->records ? best_of(l, 0, true) : SIZE_MAX;
    bool vague = column != SIZE_MAX && domain_words[l->of[column].word].is_vague;
    return vague && first_with_mails(l) != SIZE_MAX ? SIZE_MAX : column;
}

/** By names and values. Columns that have three quarters as many names as the one with the most are as good as it; a header
 * word decides between them. */
static void choose_by_look(const struct column_look *l, struct column_choice *c)
{
    size_t most = 0;
    for (size_t i = 0; i < l->count; i++) {
        most = look_names(l, i) > most ? look_names(l, i) : most;
    }
    size_t good = most > 0 ? (most * 3 + 3) / 4 : SIZE_MAX;
    size_t column = best_of(l, good, true);
    column = column != SIZE_MAX ? column : word_alone(l, most);
    c->reason = COLUMN_REASON_HEADER;
    if (column == SIZE_MAX) {
        column = best_of(l, good, false);
        c->reason = COLUMN_REASON_DOMAIN;
    }
    if (column == SIZE_MAX) {
        column = first_with_mails(l);
        c->reason = COLUMN_REASON_MAIL;
    }
    if (column == SIZE_MAX) {
        bool behind = l->first_fields > 1 && l->begins_with_number;
        column = behind ? 1 : 0;
        c->reason = behind ? COLUMN_REASON_RANK : COLUMN_REASON_NONE;
    }
    c->column = column;
    c->is_header = (l->can_be_header && l->has_word && c->reason != COLUMN_REASON_NONE) ||
                   is_header_by_values(l, column);
    c->has_urls = l->of[column].urls > l->of[column].domains;
    c->rank_is_first = column == 1 && l->begins_with_number; /* Tranco, Umbrella, Alexa */
}

/** The first record has to have what was asked for. @return false: it has not */
static bool choose_asked(const struct column_look *l, const char *asked, struct column_choice *c)
{
    uint64_t number = 0;
    c->reason = COLUMN_REASON_ASKED;
    if (text_to_u64(span_of(asked), &number)) {
        c->column = (size_t)number - 1;
        bool has = c->column < l->first_fields;
        c->is_header =
            has && (l->of[c->column].word != WORD_NONE || is_header_by_values(l, c->column));
        return has && l->first_fields > 1;
    }
    c->column = l->asked;
    c->is_header = l->asked < l->first_fields;
    return c->is_header;
}

static bool choose_with(const struct column_look *l, const char *asked, struct column_choice *c)
{
    if (asked != NULL) {
        return choose_asked(l, asked, c);
    }
    choose_by_look(l, c);
    return c->reason != COLUMN_REASON_RANK && c->reason != COLUMN_REASON_NONE;
}

/** What has one field in every record, and no quotes or header that would tell otherwise. */
static bool is_plain_list(const struct column_look *l, const char *asked,
                          const struct column_choice *c)
{
    uint64_t number = 0;
    return asked == NULL ? l->first_fields == 1 && !c->is_header
                         : l->count == 1 && text_to_u64(span_of(asked), &number) && number > 1;
}

/** As www.example.org to example.org. */
static bool is_name_below(struct span name, struct span above)
{
    return name.len > above.len && name.at[name.len - above.len - 1] == '.' &&
           span_eq(span_drop(name, name.len - above.len), above);
}

/** Of the record that is cut: a domain beside that of the column, and not the same with or without www. URLs and mail
 * addresses tell of a domain rather than being one more, unless the column has URLs. */
static bool record_has_other(struct column_look *l, const struct column_choice *c)
{
    buf_reset(&l->own);
    if (c->column >= l->fields.count ||
        domain_name_normalise(l->fields.at[c->column], &l->own) != NULL) {
        return false;
    }
    struct span own = buf_span(&l->own);
    for (size_t i = 0; i < l->fields.count; i++) {
        struct column_values v = {.word = WORD_NONE};
        bool is_name = i != c->column && look_count_value(l, &v, l->fields.at[i]) &&
                       (v.domains > 0 || (v.urls > 0 && c->has_urls));
        struct span other = buf_span(&l->domain);
        if (is_name && !span_eq(other, own) && !is_name_below(other, own) &&
            !is_name_below(own, other)) {
            return true;
        }
    }
    return false;
}

static bool most_have_others(struct column_look *l, const struct column_sample *sample,
                             const struct column_choice *c)
{
    struct span rest = sample->rest;
    struct span record = sample->first;
    bool more = !c->is_header || sample_take_record(&rest, c->delimiter, sample->is_all, &record);
    size_t records = 0;
    size_t with = 0;
    for (l->fields.delimiter = c->delimiter; more; records++) {
        look_cut(l, record);
        with += record_has_other(l, c);
        more = sample_take_record(&rest, c->delimiter, sample->is_all, &record);
    }
    return with * 2 > records;
}

static bool choice_refused(const char *asked, uint64_t line, bool found, struct buf *why)
{
    uint64_t number = 1;
    bool named = asked != NULL && !text_to_u64(span_of(asked), &number);
    if (number == 0) {
        buf_put_text(why, "has columns that are numbered from 1: there is no --column 0");
    } else if (named && !found) {
        buf_putf(why, "has no column \"%s\" (--column); line %llu must be its header", asked,
                 (unsigned long long)line);
    }
    return number == 0 || (named && !found);
}

bool column_choose(const struct column_sample *sample, uint64_t line, const char *asked,
                   struct column_choice *out, struct buf *why)
{
    struct column_look l = {.octets = BUF_INIT(BUF_NO_LIMIT),
                            .domain = BUF_INIT(BUF_NO_LIMIT),
                            .own = BUF_INIT(BUF_NO_LIMIT)};
    size_t first = SIZE_MAX;
    bool quoted = sample->first.len > 0 && sample->first.at[0] == '"';
    for (const char *d = sample->delimiters; *d != '\0'; d++) {
        struct column_choice c = {.delimiter = (uint8_t)*d};
        look_begin(&l, sample, c.delimiter, asked);
        bool good = choose_with(&l, asked, &c);
        c.reason = !quoted && is_plain_list(&l, asked, &c) ? COLUMN_REASON_ONLY : c.reason;
        if (good && l.first_end < first) {
            first = l.first_end;
            *out = c;
        } else if (d == sample->delimiters && first == SIZE_MAX) {
            *out = c; /* a comma it is where none of them tells more */
        }
    }
    out->has_others = out->reason == COLUMN_REASON_DOMAIN && most_have_others(&l, sample, out);
    look_deinit(&l);
    return !choice_refused(asked, line, first != SIZE_MAX, why);
}

bool column_needs_more(struct span first, const char *asked)
{
    uint64_t number = 0;
    bool divided = false;
    for (const char *d = COLUMN_DELIMITERS; *d != '\0'; d++) {
        divided |= memchr(first.at, *d, first.len) != NULL;
    }
    bool numbered = asked != NULL && text_to_u64(span_of(asked), &number);
    if (asked != NULL && (!divided || !numbered)) {
        return numbered && number > 1; /* of a line that is not divided */
    }
    struct column_look l = {.octets = BUF_INIT(BUF_NO_LIMIT), .domain = BUF_INIT(BUF_NO_LIMIT)};
    const struct column_sample sample = {.first = first};
    size_t names = 0;
    bool may_be_header = false;
    for (const char *d = COLUMN_DELIMITERS; divided && *d != '\0'; d++) {
        look_begin(&l, &sample, (uint8_t)*d, NULL);
        for (size_t i = 0; i < l.count; i++) {
            names += look_names(&l, i);
            may_be_header |= i + 1 == number && l.can_be_header && l.of[i].word == WORD_NONE;
        }
    }
    look_deinit(&l);
    return asked != NULL ? may_be_header : divided && names != 1;
}
