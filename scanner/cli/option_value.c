#include "scanner/cli/option_value.h"

#include "scanner/base/text.h"

bool value_read_number(struct span text, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t n = 0;
    if (!text_to_u64(text, &n) || n < min || n > max) {
        return false;
    }
    *out = n;
    return true;
}

/** A decimal fraction with at most three decimals, in thousandths. */
static bool read_thousandths(struct span text, uint64_t *out)
{
    size_t dot = 0;
    while (dot < text.len && text.at[dot] != '.') {
        dot++;
    }
    uint64_t whole = 0;
    if (!text_to_u64(span_take(text, dot), &whole) || whole > UINT64_MAX / 1000 - 1) {
        return false;
    }
    uint64_t thousandths = whole * 1000;
    if (dot < text.len) {
        struct span decimals = span_drop(text, dot + 1);
        uint64_t part = 0;
        if (decimals.len == 0 || decimals.len > 3 || !text_to_u64(decimals, &part)) {
            return false;
        }
        for (size_t i = decimals.len; i < 3; i++) {
            part *= 10;
        }
        thousandths += part;
    }
    *out = thousandths;
    return true;
}

bool value_read_seconds(struct span text, uint64_t min_ms, uint64_t max_ms, uint32_t *out_ms)
{
    uint64_t ms = 0;
    if (span_ends_with(text, SPAN_LIT("s"))) {
        text.len--;
    }
    if (!read_thousandths(text, &ms) || ms < min_ms || ms > max_ms || ms > UINT32_MAX) {
        return false;
    }
    *out_ms = (uint32_t)ms;
    return true;
}

bool value_read_rate(struct span text, double max, double *out)
{
    double per_s = 1;
    if (span_ends_with(text, SPAN_LIT("/s"))) {
        text.len -= 2;
    } else if (span_ends_with(text, SPAN_LIT("/m"))) {
        text.len -= 2;
        per_s = 60;
    } else if (span_ends_with(text, SPAN_LIT("/h"))) {
        text.len -= 2;
        per_s = 3600;
    }
    uint64_t thousandths = 0;
    if (!read_thousandths(text, &thousandths)) {
        return false;
    }
    double rate = (double)thousandths / 1000 / per_s;
    if (rate > max) {
        return false;
    }
    *out = rate;
    return true;
}

static bool read_port(struct span text, uint16_t *out)
{
    uint64_t port = 0;
    if (!value_read_number(text, 1, UINT16_MAX, &port)) {
        return false;
    }
    *out = (uint16_t)port;
    return true;
}

static size_t option_find_word(struct span text, char c)
{
    size_t i = 0;
    while (i < text.len && text.at[i] != (uint8_t)c) {
        i++;
    }
    return i; /* text.len: not there */
}

/**
 * Cuts "HOST", "HOST:PORT" and "[HOST]:PORT" in two; more than one colon without brackets is an
 * IPv6 host (RFC 3986 section 3.2.2 has the same brackets).
 */
static bool cut_port(struct span text, struct span *host, uint16_t *port)
{
    struct span rest;
    if (text.len > 0 && text.at[0] == '[') {
        size_t end = option_find_word(text, ']');
        if (end == text.len) {
            return false;
        }
        *host = span_take(span_drop(text, 1), end - 1);
        rest = span_drop(text, end + 1);
    } else {
        size_t colon = option_find_word(text, ':');
        if (option_find_word(span_drop(text, colon < text.len ? colon + 1 : colon), ':') + colon +
                1 <
            text.len) {
            *host = text;
            return true;
        }
        *host = span_take(text, colon);
        rest = span_drop(text, colon);
    }
    return rest.len == 0 || (rest.at[0] == ':' && read_port(span_drop(rest, 1), port));
}

bool value_read_endpoint(struct span text, uint16_t port, struct net_endpoint *out)
{
    struct net_endpoint endpoint = {.port = port};
    struct span host = {0};
    if (!cut_port(text, &host, &endpoint.port) || !net_addr_parse(host, &endpoint.address)) {
        return false;
    }
    *out = endpoint;
    return true;
}

/* RFC 1122 section 3.2.1.3: unspecified, multicast (RFC 1112 section 4) and broadcast are never sources; RFC 4291
 * sections 2.5.2 and 2.7. */
static bool is_source(const struct net_addr *a)
{
    uint8_t multicast =
        a->family == 4 ? 224 : 255; /* and of IPv4 all above, with 255.255.255.255 */
    return a->octets[0] < multicast && !net_addr_is_unspecified(a);
}

bool value_read_source(struct span text, struct net_addr *out)
{
    struct net_addr inside;
    return net_addr_parse(text, out) && is_source(out) &&
           (!net_addr_unmap(out, &inside) || is_source(&inside));
}

static unsigned host_bits(const struct net_prefix *p)
{
    return (p->base.family == 4 ? 32U : 128U) - p->bits;
}

bool value_read_address_map(struct span text, struct address_map *out)
{
    struct address_map map = {0};
    size_t equals = option_find_word(text, '=');
    struct span to = {0};
    if (equals == text.len || !net_prefix_parse(span_take(text, equals), &map.from) ||
        !cut_port(span_drop(text, equals + 1), &to, &map.port) || !net_prefix_parse(to, &map.to) ||
        host_bits(&map.to) < host_bits(&map.from)) {
        return false;
    }
    *out = map;
    return true;
}

bool value_read_port_map(struct span text, struct port_map *out)
{
    struct port_map map = {0};
    size_t equals = option_find_word(text, '=');
    if (equals == text.len || !read_port(span_take(text, equals), &map.from) ||
        !read_port(span_drop(text, equals + 1), &map.to)) {
        return false;
    }
    *out = map;
    return true;
}

static bool is_alphanumeric(uint8_t c)
{
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

/** What rows call a file that was given no name. */
static void name_after_file(const char *path, char out[TRUST_STORE_NAME_MAX])
{
    static const char *const suffixes[] = {".pem", ".crt", ".cer"};
    const char *slash = strrchr(path, '/');
    struct span file = span_of(slash != NULL ? slash + 1 : path);
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (file.len > 4 && span_ends_with(file, span_of(suffixes[i]))) {
            file.len -= 4;
            break;
        }
    }
    file = span_take(file, TRUST_STORE_NAME_MAX - 1);
    for (size_t i = 0; i < file.len; i++) {
        bool kept = trust_store_is_name((struct span){file.at + i, 1});
        out[i] = kept ? (char)file.at[i] : '_';
    }
    out[file.len] = '\0';
}

bool value_read_root_cas(const char *text, struct root_cas *out)
{
    struct root_cas store = {.path = text};
    size_t equals = strcspn(text, "=");
    bool named = text[equals] == '=' && memchr(text, '/', equals) == NULL;
    if (named) {
        store.path = text + equals + 1;
        if (!trust_store_is_name((struct span){(const uint8_t *)text, equals})) {
            return false;
        }
        memcpy(store.name, text, equals);
    } else {
        name_after_file(store.path, store.name);
    }
    if (store.path[0] == '\0' || store.name[0] == '\0') {
        return false;
    }
    if (strcmp(store.path, SYSTEM_STORE_NAME) == 0) {
        store.path = NULL;
    }
    *out = store;
    return true;
}

/** Takes `count` digits and, unless it is 0, the character `after`. */
static bool take_digits(struct span *rest, size_t count, char after, int64_t *out)
{
    uint64_t n = 0;
    if (rest->len < count || !text_to_u64(span_take(*rest, count), &n)) {
        return false;
    }
    *rest = span_drop(*rest, count);
    if (after != '\0') {
        if (rest->len == 0 || ascii_lower(rest->at[0]) != ascii_lower((uint8_t)after)) {
            return false;
        }
        *rest = span_drop(*rest, 1);
    }
    *out = (int64_t)n;
    return true;
}

/** Days from 1970-01-01 in the Gregorian calendar; years begin in March, so that the leap day is
 * their last. */
static int64_t option_days_of_date(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static int64_t days_of_month(int64_t year, int64_t month)
{
    int64_t next_year = month == 12 ? year + 1 : year;
    return option_days_of_date(next_year, month % 12 + 1, 1) - option_days_of_date(year, month, 1);
}

/** "Z", "+00:00" or "-00:00" (RFC 3339 section 4.3). */
static bool is_utc(struct span offset)
{
    return span_ieq(offset, SPAN_LIT("Z")) || span_eq(offset, SPAN_LIT("+00:00")) ||
           span_eq(offset, SPAN_LIT("-00:00"));
}

/** "12:00:00Z"; a leap second is the second after (RFC 3339 section 5.6). */
static bool read_time_of_day(struct span text, int64_t *seconds)
{
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    if (!take_digits(&text, 2, ':', &hour) || !take_digits(&text, 2, ':', &minute) ||
        !take_digits(&text, 2, '\0', &second) || hour > 23 || minute > 59 || second > 60) {
        return false;
    }
    if (text.len > 0 && text.at[0] == '.') {
        size_t digits = 1;
        while (digits < text.len && text.at[digits] >= '0' && text.at[digits] <= '9') {
            digits++;
        }
        if (digits == 1) {
            return false;
        }
        text = span_drop(text, digits);
    }
    *seconds = hour * 3600 + minute * 60 + second;
    return is_utc(text);
}

#define YEAR_10000 253402300800U /* Unix seconds; where RFC 3339 ends */

bool value_read_time(struct span text, int64_t *out_unix_s)
{
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    int64_t seconds = 0;
    if (text.len > 0 && text.at[0] == '@') {
        uint64_t unix_s = 0;
        if (!value_read_number(span_drop(text, 1), 0, YEAR_10000 - 1, &unix_s)) {
            return false;
        }
        *out_unix_s = (int64_t)unix_s;
        return true;
    }
    if (!take_digits(&text, 4, '-', &year) || !take_digits(&text, 2, '-', &month) ||
        !take_digits(&text, 2, '\0', &day) || month < 1 || month > 12 || day < 1 ||
        day > days_of_month(year, month)) {
        return false;
    }
    if (text.len > 0) {
        bool separated = ascii_lower(text.at[0]) == 't' || text.at[0] == ' ';
        if (!separated || !read_time_of_day(span_drop(text, 1), &seconds)) {
            return false;
        }
    }
    *out_unix_s = option_days_of_date(year, month, day) * 86400 + seconds;
    return true;
}

static bool is_host_label(struct span label)
{
    if (label.len == 0 || label.len > 63 || !is_alphanumeric(label.at[0]) ||
        !is_alphanumeric(label.at[label.len - 1])) {
        return false;
    }
    for (size_t i = 0; i < label.len; i++) {
        if (!is_alphanumeric(label.at[i]) && label.at[i] != '-') {
            return false;
        }
    }
    return true;
}

bool value_is_fqdn(struct span text)
{
    size_t labels = 0;
    struct span last = {0};
    if (text.len == 0 || text.len >= 254) {
        return false;
    }
    for (struct span rest = text;;) {
        size_t dot = option_find_word(rest, '.');
        last = span_take(rest, dot);
        if (!is_host_label(last)) {
            return false;
        }
        labels++;
        if (dot == rest.len) {
            break;
        }
        rest = span_drop(rest, dot + 1);
    }
    uint64_t number = 0;
    return labels >= 2 && !text_to_u64(last, &number) && !span_ieq(last, SPAN_LIT("localhost")) &&
           !span_ieq(last, SPAN_LIT("localdomain"));
}

bool value_next_item(struct span *list, struct span *item)
{
    if (list->at == NULL) {
        return false;
    }
    size_t comma = option_find_word(*list, ',');
    *item = span_take(*list, comma);
    *list = comma < list->len ? span_drop(*list, comma + 1) : (struct span){0};
    return true;
}

bool value_read_host(struct span text, uint16_t default_port, char *host, uint16_t *port)
{
    struct net_endpoint endpoint;
    if (value_read_endpoint(text, default_port, &endpoint)) {
        (void)net_addr_format(&endpoint.address, host);
        *port = endpoint.port;
        return true;
    }
    uint64_t number = default_port;
    const uint8_t *colon = text.len > 0 ? memchr(text.at, ':', text.len) : NULL;
    struct span name = span_take(text, colon != NULL ? (size_t)(colon - text.at) : text.len);
    struct span rest = span_drop(text, colon != NULL ? name.len + 1 : name.len);
    if (!value_is_fqdn(name) || name.len >= EHLO_DOMAIN_MAX ||
        (colon != NULL && !value_read_number(rest, 1, UINT16_MAX, &number))) {
        return false;
    }
    memcpy(host, name.at, name.len);
    host[name.len] = '\0';
    *port = (uint16_t)number;
    return true;
}
