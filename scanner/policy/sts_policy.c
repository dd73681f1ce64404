#include "scanner/policy/sts_policy.h"

#include "scanner/base/check.h"

#define MAX_AGE_SHORT  86400U /* RFC 8461 section 3.2 expects weeks */
#define MAX_AGE_DIGITS 10     /* RFC 8461 section 3.2 */
#define NAME_OCTETS    253    /* RFC 1035 section 2.3.4 */
#define LABEL_OCTETS   63

const char *sts_mode_word(enum sts_mode m)
{
    switch (m) {
    case STS_MODE_ENFORCE:
        return "enforce";
    case STS_MODE_TESTING:
        return "testing";
    case STS_MODE_NONE:
        return "none";
    case STS_MODE_MISSING:
    case STS_MODE_BAD:
        break;
    }
    return NULL;
}

const char *sts_policy_fault_word(enum sts_policy_fault f)
{
    switch (f) {
#define X(name, word)       \
    case STS_POLICY_##name: \
        return word;
        STS_POLICY_FAULTS(X)
#undef X
    case STS_POLICY_FAULT_COUNT:
        break;
    }
    UNREACHABLE("unknown sts_policy_fault");
}

/* --- octets -------------------------------------------------------------------------------- */

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

static bool has_octet(struct span s, int octet)
{
    return s.len > 0 && memchr(s.at, octet, s.len) != NULL;
}

static bool begins_with_any_case(struct span s, struct span head)
{
    return s.len >= head.len && span_ieq(span_take(s, head.len), head);
}

/* --- the policy under work ----------------------------------------------------------------- */

struct reading {
    struct sts_policy *out;
    uint32_t line;
    bool fits;   /* the grammar to the letter, so far */
    bool usable; /* so is the lenient reading */
    bool has_version;
    bool has_mode;
    bool has_max_age;
};

static void note(struct reading *r, enum sts_policy_fault fault, uint32_t line, struct span text)
{
    struct sts_policy *out = r->out;
    if (out->fault_count == STS_FAULTS_MAX) {
        out->faults_truncated = true;
        return;
    }
    out->fault[out->fault_count++] =
        (struct sts_policy_finding){.fault = fault, .line = line, .text = text};
}

/* Senders take it all the same. */
static void note_odd(struct reading *r, enum sts_policy_fault fault, struct span text)
{
    note(r, fault, r->line, text);
    r->fits = false;
}

static void note_broken(struct reading *r, enum sts_policy_fault fault, struct span text)
{
    note_odd(r, fault, text);
    r->usable = false;
}

/* --- mx patterns --------------------------------------------------------------------------- */

static bool is_label(struct span label)
{
    if (label.len == 0 || label.len > LABEL_OCTETS || label.at[0] == '-' ||
        label.at[label.len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < label.len; i++) {
        if (!is_alnum(label.at[i]) && label.at[i] != '-') {
            return false;
        }
    }
    return true;
}

static struct span take_label(struct span *rest)
{
    const uint8_t *dot = memchr(rest->at, '.', rest->len);
    size_t len = dot != NULL ? (size_t)(dot - rest->at) : rest->len;
    struct span label = span_take(*rest, len);
    *rest = span_drop(*rest, dot != NULL ? len + 1 : len);
    return label;
}

/* Domain of RFC 5321 section 4.1.2. */
static bool is_domain(struct span name)
{
    if (name.len == 0 || name.len > NAME_OCTETS || name.at[name.len - 1] == '.') {
        return false;
    }
    while (name.len > 0) {
        if (!is_label(take_label(&name))) {
            return false;
        }
    }
    return true;
}

static bool is_all_of(struct span s, const char *allowed)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] == '\0' || strchr(allowed, s.at[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_ip(struct span s)
{
    bool v4 = has_octet(s, '.') && is_all_of(s, "0123456789.");
    bool literal = s.len > 0 && s.at[0] == '[';
    const uint8_t *colon = s.len > 0 ? memchr(s.at, ':', s.len) : NULL;
    bool v6 = colon != NULL && is_all_of(s, "0123456789abcdefABCDEF:.") &&
              has_octet(span_drop(s, (size_t)(colon - s.at) + 1), ':');
    return v4 || literal || v6;
}

static bool has_high_octet(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] >= 0x80) {
            return true;
        }
    }
    return false;
}

static bool has_port(struct span s)
{
    const uint8_t *colon = s.len > 0 ? memchr(s.at, ':', s.len) : NULL;
    struct span digits = colon != NULL ? span_drop(s, (size_t)(colon - s.at) + 1) : s;
    return colon != NULL && digits.len > 0 && is_all_of(digits, "0123456789");
}

static bool is_url(struct span s)
{
    return has_octet(s, '/');
}

/* @return STS_POLICY_FAULT_COUNT: the pattern is well-formed */
static enum sts_policy_fault pattern_fault(struct span s)
{
    bool wildcard = s.len > 2 && s.at[0] == '*' && s.at[1] == '.';
    struct span domain = wildcard ? span_drop(s, 2) : s;
    if (s.len == 0) {
        return STS_POLICY_MX_EMPTY;
    }
    if (is_ip(s)) {
        return STS_POLICY_MX_IP;
    }
    if (is_domain(domain)) {
        return STS_POLICY_FAULT_COUNT;
    }
    if (is_url(s)) {
        return STS_POLICY_MX_URL;
    }
    if (has_octet(s, '@')) {
        return STS_POLICY_MX_EMAIL;
    }
    if (has_port(s)) {
        return STS_POLICY_MX_PORT;
    }
    if (has_high_octet(s)) {
        return STS_POLICY_MX_U_LABEL;
    }
    if (s.len == 1 && s.at[0] == '*') {
        return STS_POLICY_MX_BARE_STAR;
    }
    if (s.at[0] == '.') {
        return STS_POLICY_MX_LEADING_DOT;
    }
    if (has_octet(domain, '*')) {
        return STS_POLICY_MX_INNER_WILDCARD;
    }
    if (is_domain(span_take(domain, domain.len - 1)) && domain.at[domain.len - 1] == '.') {
        return STS_POLICY_MX_TRAILING_DOT;
    }
    return has_octet(s, '_') ? STS_POLICY_MX_UNDERSCORE : STS_POLICY_MX_SYNTAX;
}

static void read_mx(struct reading *r, struct span value)
{
    struct sts_policy *out = r->out;
    enum sts_policy_fault fault = pattern_fault(value);
    out->mx_total++;
    if (fault != STS_POLICY_FAULT_COUNT) {
        note_broken(r, fault, value);
    } else if (out->mx_count < STS_MX_PATTERNS_MAX) {
        out->mx[out->mx_count++] = value;
    } else if (out->mx_total == STS_MX_PATTERNS_MAX + 1) {
        note(r, STS_POLICY_TOO_MANY_MX, r->line, value);
    }
}

/* --- the other keys ------------------------------------------------------------------------ */

/* @return false: it stood before, and the first counts (RFC 8461 section 3.2) */
static bool is_first(struct reading *r, bool *seen, struct span key)
{
    bool first = !*seen;
    if (!first) {
        note_odd(r, STS_POLICY_DUPLICATE_KEY, key);
    }
    *seen = true;
    return first;
}

static void read_version(struct reading *r, struct span value)
{
    if (!span_eq(value, SPAN_LIT("STSv1"))) {
        note_broken(r, STS_POLICY_VERSION_BAD, value);
    }
}

static void read_mode(struct reading *r, struct span value)
{
    for (enum sts_mode m = STS_MODE_ENFORCE; m <= STS_MODE_NONE; m++) {
        const char *word = sts_mode_word(m);
        if (span_eq(value, (struct span){(const uint8_t *)word, strlen(word)})) {
            r->out->mode = m;
            return;
        }
    }
    r->out->mode = STS_MODE_BAD;
    note_broken(r, STS_POLICY_MODE_BAD, value);
}

static void read_max_age(struct reading *r, struct span value)
{
    uint64_t n = 0;
    if (value.len == 0 || value.len > MAX_AGE_DIGITS || !is_all_of(value, "0123456789")) {
        note_broken(r, STS_POLICY_MAX_AGE_BAD, value);
        return;
    }
    for (size_t i = 0; i < value.len; i++) {
        n = n * 10 + (uint64_t)(value.at[i] - '0');
    }
    r->out->has_max_age = true;
    r->out->max_age = n;
    if (n > STS_MAX_AGE_LIMIT) {
        note_odd(r, STS_POLICY_MAX_AGE_OVER_MAX, value);
    } else if (n < MAX_AGE_SHORT) {
        note(r, STS_POLICY_MAX_AGE_SHORT, r->line, value); /* well-formed all the same */
    }
}

/* sts-policy-ext-name: 1 to 32 of letters, digits, "_", "-", "."; the first is a letter or digit. */
static bool is_extension_name(struct span s)
{
    bool ok = s.len >= 1 && s.len <= 32 && is_alnum(s.at[0]);
    for (size_t i = 0; ok && i < s.len; i++) {
        ok = is_alnum(s.at[i]) || s.at[i] == '_' || s.at[i] == '-' || s.at[i] == '.';
    }
    return ok;
}

/* sts-policy-ext-value: UTF-8 without control characters, at least one octet. */
static bool is_extension_value(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < 0x20 || s.at[i] == 0x7f) {
            return false;
        }
    }
    return s.len > 0;
}

static void read_extension(struct reading *r, struct span key, struct span value)
{
    static const struct span known[] = {SPAN_INIT("version"), SPAN_INIT("mode"), SPAN_INIT("mx"),
                                        SPAN_INIT("max_age")};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (span_ieq(key, known[i])) {
            note_odd(r, STS_POLICY_KEY_CASE, key); /* an extension, by the letter */
            return;
        }
    }
    if (is_extension_name(key) && is_extension_value(value)) {
        note(r, STS_POLICY_UNKNOWN_KEY, r->line, key);
    } else {
        note_broken(r, STS_POLICY_SYNTAX, key);
    }
}

static void read_pair(struct reading *r, struct span key, struct span value)
{
    if (span_eq(key, SPAN_LIT("version"))) {
        if (is_first(r, &r->has_version, key)) {
            read_version(r, value);
        }
    } else if (span_eq(key, SPAN_LIT("mode"))) {
        if (is_first(r, &r->has_mode, key)) {
            read_mode(r, value);
        }
    } else if (span_eq(key, SPAN_LIT("max_age"))) {
        if (is_first(r, &r->has_max_age, key)) {
            read_max_age(r, value);
        }
    } else if (span_eq(key, SPAN_LIT("mx"))) {
        read_mx(r, value);
    } else {
        read_extension(r, key, value);
    }
}

/* --- lines --------------------------------------------------------------------------------- */

static void read_line(struct reading *r, struct span line)
{
    const uint8_t *colon = line.len > 0 ? memchr(line.at, ':', line.len) : NULL;
    if (trim(line).len == 0) {
        note_odd(r, STS_POLICY_BLANK_LINE, line);
        return;
    }
    if (colon == NULL) {
        note_broken(r, STS_POLICY_SYNTAX, line);
        return;
    }
    struct span key = span_take(line, (size_t)(colon - line.at));
    struct span value = trim(span_drop(line, key.len + 1));
    struct span bare = trim(key);
    if (bare.len != key.len) {
        r->fits = false; /* no white space belongs around a key */
    }
    read_pair(r, bare, value);
}

/* LF or CRLF (RFC 8461 section 3.2). */
static bool take_line(struct span *rest, struct span *line)
{
    if (rest->len == 0) {
        return false;
    }
    const uint8_t *end = memchr(rest->at, '\n', rest->len);
    size_t len = end != NULL ? (size_t)(end - rest->at) : rest->len;
    *line = span_take(*rest, len);
    *rest = span_drop(*rest, end != NULL ? len + 1 : len);
    if (line->len > 0 && line->at[line->len - 1] == '\r') {
        line->len--;
    }
    return true;
}

static bool is_html(struct span body)
{
    static const struct span heads[] = {SPAN_INIT("<!doctype"), SPAN_INIT("<html"),
                                        SPAN_INIT("<?xml"), SPAN_INIT("<head")};
    while (body.len > 0 && (is_space(body.at[0]) || body.at[0] == '\r' || body.at[0] == '\n')) {
        body = span_drop(body, 1);
    }
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        if (begins_with_any_case(body, heads[i])) {
            return true;
        }
    }
    return false;
}

static void note_missing(struct reading *r)
{
    r->line = 0;
    if (!r->has_version) {
        note_broken(r, STS_POLICY_VERSION_MISSING, (struct span){0});
    }
    if (!r->has_mode) {
        note_broken(r, STS_POLICY_MODE_MISSING, (struct span){0});
    }
    if (!r->has_max_age) {
        note_broken(r, STS_POLICY_MAX_AGE_MISSING, (struct span){0});
    }
    if (r->out->mx_total == 0 && r->out->mode != STS_MODE_NONE) {
        note_broken(r, STS_POLICY_MX_MISSING, (struct span){0});
    }
}

static void read_lines(struct reading *r, struct span body)
{
    struct span line;
    while (take_line(&body, &line)) {
        r->line++;
        read_line(r, line);
    }
    note_missing(r);
}

void sts_policy_read(struct span body, struct sts_policy *out)
{
    static const struct span bom = SPAN_INIT("\xef\xbb\xbf");
    struct reading r = {.out = out, .fits = true, .usable = true};
    out->mode = STS_MODE_MISSING;
    out->has_max_age = false;
    out->max_age = 0;
    out->mx_count = 0;
    out->mx_total = 0;
    out->fault_count = 0;
    out->faults_truncated = false;
    if (begins_with_any_case(body, bom)) {
        body = span_drop(body, bom.len);
        note_odd(&r, STS_POLICY_BOM, (struct span){0});
    }
    if (body.len == 0) {
        note_broken(&r, STS_POLICY_EMPTY_BODY, (struct span){0});
    } else if (is_html(body)) {
        note_broken(&r, STS_POLICY_HTML, span_take(body, 64));
    } else {
        read_lines(&r, body);
    }
    out->strict_valid = r.fits;
    out->lenient_valid = r.usable;
}

bool sts_pattern_matches(struct span pattern, struct span host)
{
    if (pattern.len > 2 && pattern.at[0] == '*' && pattern.at[1] == '.') {
        const uint8_t *dot = host.len > 0 ? memchr(host.at, '.', host.len) : NULL;
        if (dot == NULL || dot == host.at) {
            return false;
        }
        return span_ieq(span_drop(pattern, 2), span_drop(host, (size_t)(dot - host.at) + 1));
    }
    return span_ieq(pattern, host);
}
