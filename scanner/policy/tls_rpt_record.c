#include "scanner/policy/tls_rpt_record.h"

#define FIELDS_LOOKED_AT 4096 /* of a record; 64 KB of semicolons stay linear anyway */

static const struct span version_literal = SPAN_INIT("v=TLSRPTv1");

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
    return begins_with(text, SPAN_LIT("v=TLSRPTv1;"));
}

static bool is_meant(struct span text)
{
    struct span s = trim(text);
    return begins_with_any_case(s, version_literal) &&
           (s.len == version_literal.len || !is_alnum(s.at[version_literal.len]));
}

static void note(struct tls_rpt_records *out, enum tls_rpt_fault fault, struct span evidence)
{
    if (!tls_rpt_have(out, fault)) {
        out->faults |= 1U << fault;
        out->evidence[fault] = evidence;
    }
}

/** Takes what stands before the next `separator` off the front. @return false at the end. */
static bool next_item(struct span *rest, char separator, struct span *item)
{
    if (rest->len == 0) {
        return false;
    }
    const uint8_t *end = memchr(rest->at, separator, rest->len);
    size_t len = end != NULL ? (size_t)(end - rest->at) : rest->len;
    *item = span_take(*rest, len);
    *rest = span_drop(*rest, end != NULL ? len + 1 : len);
    return true;
}

/* --- URIs ---------------------------------------------------------------------------------- */

/* RFC 3986 section 2: what may stand in a URI. */
static bool is_uri_octet(uint8_t c)
{
    return is_alnum(c) || (c != '\0' && strchr("-._~:/?#[]@!$&'()*+,;=%", c) != NULL);
}

static bool is_uri_text(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_uri_octet(s.at[i])) {
            return false;
        }
    }
    return s.len > 0;
}

static struct span mailto_domain(struct span rest)
{
    const uint8_t *query = rest.len > 0 ? memchr(rest.at, '?', rest.len) : NULL;
    rest = query != NULL ? span_take(rest, (size_t)(query - rest.at)) : rest;
    for (size_t i = rest.len; i > 1; i--) {
        if (rest.at[i - 1] == '@') {
            return span_drop(rest, i);
        }
    }
    return (struct span){0};
}

static struct span https_domain(struct span rest)
{
    size_t len = 0;
    while (len < rest.len && strchr("/?#", rest.at[len]) == NULL && rest.at[len] != '\0') {
        len++;
    }
    struct span authority = span_take(rest, len);
    const uint8_t *at = len > 0 ? memchr(authority.at, '@', len) : NULL;
    authority = at != NULL ? span_drop(authority, (size_t)(at - authority.at) + 1) : authority;
    const uint8_t *colon = authority.len > 0 ? memchr(authority.at, ':', authority.len) : NULL;
    return colon != NULL ? span_take(authority, (size_t)(colon - authority.at)) : authority;
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

/* @return it is one that reports can be sent to */
static bool read_uri(struct tls_rpt_records *out, struct span uri)
{
    bool known = begins_with_any_case(uri, SPAN_LIT("mailto:")) ||
                 begins_with_any_case(uri, SPAN_LIT("https:"));
    if (uri.len == 0) {
        note(out, TLS_RPT_RUA_EMPTY, SPAN_LIT("rua="));
        return false;
    }
    if (out->rua_count < TLS_RPT_URIS_MAX) {
        out->rua[out->rua_count++] = uri;
    }
    if (!known) {
        note(out, TLS_RPT_RUA_SCHEME, uri);
        return false;
    }
    if (memchr(uri.at, '!', uri.len) != NULL) {
        note(out, TLS_RPT_RUA_UNESCAPED, uri);
    }
    if (!is_uri_text(uri) || tls_rpt_uri_domain(uri).len == 0) {
        note(out, TLS_RPT_RUA_SYNTAX, uri);
        return false;
    }
    return true;
}

/* A list with commas; "!" "," and ";" inside a URI are to be encoded (RFC 8460 section 3). */
static bool read_rua(struct tls_rpt_records *out, struct span value)
{
    bool good = value.len > 0;
    struct span uri;
    if (value.len == 0) {
        note(out, TLS_RPT_RUA_EMPTY, SPAN_LIT("rua="));
    }
    while (next_item(&value, ',', &uri)) {
        good = read_uri(out, trim(uri)) && good;
    }
    return good;
}

/* --- the record ---------------------------------------------------------------------------- */

/* tlsrpt-ext-name "=" tlsrpt-ext-value, RFC 8460 section 3. */
static bool is_extension(struct span field)
{
    const uint8_t *equals = memchr(field.at, '=', field.len);
    if (equals == NULL) {
        return false;
    }
    struct span name = span_take(field, (size_t)(equals - field.at));
    struct span value = span_drop(field, name.len + 1);
    bool ok = name.len >= 1 && name.len <= 32 && is_alnum(name.at[0]) && value.len > 0;
    for (size_t i = 0; ok && i < name.len; i++) {
        ok = is_alnum(name.at[i]) || name.at[i] == '_' || name.at[i] == '-' || name.at[i] == '.';
    }
    for (size_t i = 0; ok && i < value.len; i++) {
        ok = value.at[i] > 0x20 && value.at[i] < 0x7f && value.at[i] != '=';
    }
    return ok;
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

/* @return the record fits the grammar, but for what stands at its front */
static bool read_fields(struct tls_rpt_records *out, struct span text)
{
    bool fits = true;
    bool has_rua = false;
    struct span rest = text;
    struct span field;
    for (int n = 0; n < FIELDS_LOOKED_AT && next_item(&rest, ';', &field); n++) {
        field = trim(field);
        if (n == 0) {
            continue; /* the version */
        }
        if (begins_with(field, SPAN_LIT("rua="))) {
            has_rua = true;
            fits = read_rua(out, trim(span_drop(field, 4))) && fits;
        } else if (field.len > 0 ? !is_extension(field) : rest.len > 0) {
            note(out, TLS_RPT_EXTENSION_SYNTAX, field.len > 0 ? field : SPAN_LIT(";;"));
            fits = false;
        }
    }
    if (!has_rua) {
        note(out, TLS_RPT_RUA_MISSING, text);
        fits = false;
    }
    if (!is_ascii(text)) {
        note(out, TLS_RPT_NON_ASCII, text);
        fits = false;
    }
    return fits;
}

static void note_version(struct tls_rpt_records *out, struct span text)
{
    struct span s = trim(text);
    if (!begins_with(s, version_literal)) {
        note(out, TLS_RPT_VERSION_CASE, span_take(s, version_literal.len));
    }
    if (s.len == version_literal.len || s.at[version_literal.len] != ';') {
        note(out, TLS_RPT_NO_DELIMITER, s);
    }
}

void tls_rpt_records_read(const struct span *texts, size_t count, struct tls_rpt_records *out)
{
    struct span strict = {0};
    struct span lenient = {0};
    *out = (struct tls_rpt_records){0};
    for (size_t i = 0; i < count; i++) {
        if (is_strict(texts[i])) {
            strict = out->strict_count++ == 0 ? texts[i] : strict;
        }
        if (is_meant(texts[i])) {
            lenient = out->lenient_count++ == 0 ? texts[i] : lenient;
        } else {
            note(out, TLS_RPT_UNRELATED, texts[i]);
        }
    }
    if (out->strict_count > 1) {
        note(out, TLS_RPT_MULTIPLE, strict);
    }
    if (out->lenient_count == 0) {
        return;
    }
    struct span chosen = out->strict_count > 0 ? strict : lenient;
    note_version(out, chosen);
    bool fits = read_fields(out, chosen);
    out->valid = out->strict_count == 1 && fits;
    out->lenient_valid = out->lenient_count == 1 && out->rua_count > 0;
}
