#include "scanner/policy/tls_rpt_record.h"

#include "scanner/policy/decoration.h"
#include "scanner/policy/record_choice.h"

static const struct span version_literal = SPAN_INIT("v=TLSRPTv1");

static bool is_meant(struct span text)
{
    bool quoted;
    return is_version_front(decoration_remove(text, &quoted), version_literal);
}

static void tls_rpt_note(struct tls_rpt_records *out, enum tls_rpt_fault fault,
                         struct span evidence)
{
    if (!tls_rpt_have(out, fault)) {
        out->faults |= 1U << fault;
        out->evidence[fault] = evidence;
    }
}

/* --- URIs ---------------------------------------------------------------------------------- */

static bool is_hex(uint8_t c)
{
    return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* RFC 3986 section 2: reserved, unreserved, and "%" before two hexadecimal digits. */
static bool is_uri_text(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.at[i];
        if (c == '%' ? s.len - i < 3 || !is_hex(s.at[i + 1]) || !is_hex(s.at[i + 2])
                     : !is_alnum(c) && (c == '\0' || strchr("-._~:/?#[]@!$&'()*+,;=", c) == NULL)) {
            return false;
        }
    }
    return s.len > 0;
}

/* What stands behind the last "@" that has something before it. */
static struct span mailto_domain(struct span rest)
{
    /* "!" has no place in a URI here; behind it comes what DMARC knows as a size: "!10m". */
    rest = span_before(span_before(rest, '?'), '#');
    for (size_t i = rest.len; i > 1; i--) {
        if (rest.at[i - 1] == '@') {
            return span_before(span_drop(rest, i), '!');
        }
    }
    return (struct span){0};
}

static struct span https_domain(struct span rest)
{
    struct span host = span_before(span_before(span_before(rest, '/'), '?'), '#');
    for (size_t i = host.len; i > 0; i--) {
        if (host.at[i - 1] == '@') {
            host = span_drop(host, i); /* RFC 3986 section 3.2.1: userinfo */
            break;
        }
    }
    if (host.len > 0 && host.at[0] == '[') {
        struct span literal = span_before(host, ']');
        return literal.len < host.len ? span_take(host, literal.len + 1) : (struct span){0};
    }
    return span_before(host, ':');
}

struct span tls_rpt_uri_domain(struct span uri)
{
    static const struct span mailto = SPAN_INIT("mailto:");
    static const struct span https = SPAN_INIT("https://");
    uri = trim(uri);
    if (begins_with_any_case(uri, mailto)) {
        return mailto_domain(span_drop(uri, mailto.len));
    }
    if (begins_with_any_case(uri, https)) {
        return https_domain(span_drop(uri, https.len));
    }
    return (struct span){0};
}

struct fields {
    bool has_rua;
    bool has_destination; /* a URI that a forgiving sender can send reports to */
    bool fits;            /* the grammar of RFC 8460 section 3 */
};

static void misfit(struct tls_rpt_records *out, struct fields *f, enum tls_rpt_fault fault,
                   struct span evidence)
{
    tls_rpt_note(out, fault, evidence);
    f->fits = false;
}

static void read_uri(struct tls_rpt_records *out, struct fields *f, struct span uri)
{
    bool known = begins_with_any_case(uri, SPAN_LIT("mailto:")) ||
                 begins_with_any_case(uri, SPAN_LIT("https:"));
    if (uri.len == 0) {
        misfit(out, f, TLS_RPT_RUA_EMPTY, SPAN_LIT("rua="));
        return;
    }
    if (out->rua_count < TLS_RPT_URIS_MAX) {
        out->rua[out->rua_count++] = uri;
    }
    if (!known) {
        misfit(out, f, TLS_RPT_RUA_SCHEME, uri);
        return;
    }
    if (has_octet(uri, '!')) {
        misfit(out, f, TLS_RPT_RUA_UNESCAPED, uri);
    }
    if (!is_uri_text(uri) || tls_rpt_uri_domain(uri).len == 0) {
        misfit(out, f, TLS_RPT_RUA_SYNTAX, uri);
    } else {
        f->has_destination = true;
    }
}

/* A list with commas; "!" "," and ";" inside a URI are to be encoded (RFC 8460 section 3). */
static void read_rua(struct tls_rpt_records *out, struct fields *f, struct span value)
{
    struct span rest = value;
    f->has_rua = true;
    if (value.len > 0 && (is_wsp(value.at[0]) || is_wsp(value.at[value.len - 1]))) {
        misfit(out, f, TLS_RPT_RUA_SYNTAX, value); /* white space goes around commas only */
    }
    for (bool more = true; more;) {
        struct span uri = span_before(rest, ',');
        more = uri.len < rest.len;
        rest = span_behind(rest, ',');
        read_uri(out, f, trim(uri));
    }
}

/* --- the record ---------------------------------------------------------------------------- */

static void read_field(struct tls_rpt_records *out, struct fields *f, struct span field)
{
    if (begins_with(field, SPAN_LIT("rua="))) {
        read_rua(out, f, span_drop(field, 4));
    } else if (!is_extension_name(span_before(field, '=')) ||
               !is_record_value(span_behind(field, '='))) {
        misfit(out, f, TLS_RPT_EXTENSION_SYNTAX, field);
    }
}

static void read_fields(struct tls_rpt_records *out, struct fields *f, struct span text)
{
    struct span rest = behind_version(text, version_literal);
    struct record_field field;
    while (next_field(&rest, &field)) {
        if (field.text.len > 0) {
            read_field(out, f, field.text);
        } else if (field.ended) {
            misfit(out, f, TLS_RPT_EXTENSION_SYNTAX, SPAN_LIT(";;"));
        }
    }
    if (!f->has_rua) {
        misfit(out, f, TLS_RPT_RUA_MISSING, text);
    }
    if (has_high_octet(text)) {
        misfit(out, f, TLS_RPT_NON_ASCII, text);
    }
}

static void note_version(struct tls_rpt_records *out, struct span text, size_t count)
{
    struct span s = trim_front(text);
    if (!begins_with(s, version_literal)) {
        tls_rpt_note(out, TLS_RPT_VERSION_CASE, span_take(s, version_literal.len));
    }
    if (is_escaped(s, version_literal)) {
        tls_rpt_note(out, TLS_RPT_ESCAPED, text);
    } else if (record_front_of(text, version_literal) == RECORD_FRONT_LOOSE && count == 1) {
        tls_rpt_note(out, TLS_RPT_SPACE_BEFORE_DELIMITER, text);
    } else if (s.len < text.len || s.len == version_literal.len ||
               s.at[version_literal.len] != ';') {
        /* White space in front has the same effect: the record does not begin "v=TLSRPTv1;". */
        tls_rpt_note(out, TLS_RPT_NO_DELIMITER, text);
    }
}

static void tls_rpt_sort_out(struct tls_rpt_records *out, struct record_choice *c, struct span text)
{
    bool meant = is_meant(text);
    record_choice_add(c, text, version_literal, meant);
    out->lenient_count += meant;
    if (!meant) {
        tls_rpt_note(out, TLS_RPT_UNRELATED, text);
    }
}

void tls_rpt_records_read(const struct span *texts, size_t count, struct tls_rpt_records *out)
{
    struct record_choice c = {0};
    struct fields f = {.fits = true};
    *out = (struct tls_rpt_records){0};
    for (size_t i = 0; i < count; i++) {
        tls_rpt_sort_out(out, &c, texts[i]);
    }
    out->strict_count = c.strict_count;
    if (record_choice_is_several(&c)) {
        tls_rpt_note(out, TLS_RPT_MULTIPLE, record_choice_first(&c));
    }
    if (out->lenient_count == 0) {
        return;
    }
    struct span chosen = record_choice_first(&c);
    bool bare = is_version_front(trim_front(chosen), version_literal);
    bool quoted = false;
    struct span text = bare ? chosen : decoration_remove(chosen, &quoted);
    if (!bare) {
        tls_rpt_note(out, quoted ? TLS_RPT_QUOTED : TLS_RPT_NO_DELIMITER, chosen);
    }
    note_version(out, text, count);
    read_fields(out, &f, text);
    out->valid = record_choice_is_one(&c, count) && f.fits;
    out->lenient_valid =
        out->lenient_count == 1 && f.has_destination && bare && !is_escaped(text, version_literal);
}
