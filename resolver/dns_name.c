#include "resolver/dns_name.h"

#include <stdio.h>
#include <string.h>

#define POINTER_BITS 0xC0U /* RFC 1035 section 4.1.4 */

/* One octet of a label at the front of `*text`, escapes resolved (RFC 1035 section 5.1). */
static bool take_octet(struct span *text, uint8_t *out)
{
    if (text->at[0] != '\\') {
        *out = text->at[0];
        *text = span_drop(*text, 1);
        return true;
    }
    if (text->len >= 2 && !ascii_is_digit(text->at[1])) {
        *out = text->at[1];
        *text = span_drop(*text, 2);
        return true;
    }
    if (text->len < 4 || !ascii_is_digit(text->at[2]) || !ascii_is_digit(text->at[3])) {
        return false;
    }
    unsigned value =
        (text->at[1] - '0') * 100U + (text->at[2] - '0') * 10U + (text->at[3] - (unsigned)'0');
    if (value > 255) {
        return false;
    }
    *out = (uint8_t)value;
    *text = span_drop(*text, 4);
    return true;
}

/* Reads up to the next dot or the end; the dot is taken. */
static bool dns_take_label(struct span *text, struct dns_name *out)
{
    size_t start = out->len; /* of the length octet */
    size_t len = 0;
    while (text->len > 0 && text->at[0] != '.') {
        uint8_t c;
        /* The length octet, this octet and the root label must fit. */
        if (!take_octet(text, &c) || len == DNS_LABEL_MAX ||
            start + 1 + len + 2 > DNS_NAME_WIRE_MAX) {
            return false;
        }
        out->octets[start + 1 + len++] = ascii_lower(c);
    }
    if (len == 0) {
        return false;
    }
    out->octets[start] = (uint8_t)len;
    out->len = (uint8_t)(start + 1 + len);
    if (text->len > 0) {
        *text = span_drop(*text, 1);
    }
    return true;
}

bool dns_name_from_text(struct span text, struct dns_name *out)
{
    out->len = 0;
    if (text.len == 0) {
        return false;
    }
    if (!span_eq(text, SPAN_LIT("."))) {
        while (text.len > 0) {
            if (!dns_take_label(&text, out)) {
                return false;
            }
        }
    }
    out->octets[out->len++] = 0;
    return true;
}

bool dns_name_read(struct span message, size_t *at, struct dns_name *out)
{
    size_t pos = *at;
    size_t earliest = *at; /* a pointer must lead before this */
    size_t len = 0;
    bool jumped = false;
    for (;;) {
        if (pos >= message.len) {
            return false;
        }
        uint8_t head = message.at[pos];
        if ((head & POINTER_BITS) == POINTER_BITS) {
            if (pos + 2 > message.len) {
                return false;
            }
            size_t target = (size_t)(head & 0x3FU) << 8 | message.at[pos + 1];
            if (target >= earliest) {
                return false;
            }
            if (!jumped) {
                *at = pos + 2;
                jumped = true;
            }
            pos = earliest = target;
            continue;
        }
        /* 01 and 10 in the first two bits are no label of RFC 1035; RFC 6891 section 5 retired 01. */
        if (head > DNS_LABEL_MAX || pos + 1 + head > message.len ||
            len + 1 + head > DNS_NAME_WIRE_MAX) {
            return false;
        }
        out->octets[len++] = head;
        for (size_t i = 1; i <= head; i++) {
            out->octets[len++] = ascii_lower(message.at[pos + i]);
        }
        pos += 1U + head;
        if (head == 0) {
            break;
        }
    }
    if (!jumped) {
        *at = pos;
    }
    out->len = (uint8_t)len;
    return true;
}

bool dns_name_skip(struct span message, size_t *at)
{
    size_t pos = *at;
    while (pos < message.len) {
        uint8_t head = message.at[pos];
        if ((head & POINTER_BITS) == POINTER_BITS) {
            *at = pos + 2;
            return *at <= message.len;
        }
        if (head > DNS_LABEL_MAX) {
            return false;
        }
        pos += 1U + head;
        if (head == 0) {
            *at = pos;
            return true;
        }
    }
    return false;
}

static size_t put_octet(uint8_t c, uint8_t *out)
{
    if (c == '.' || c == '\\') {
        out[0] = '\\';
        out[1] = c;
        return 2;
    }
    if (c > 0x20 && c < 0x7F) {
        out[0] = c;
        return 1;
    }
    out[0] = '\\';
    out[1] = (uint8_t)('0' + c / 100);
    out[2] = (uint8_t)('0' + c / 10 % 10);
    out[3] = (uint8_t)('0' + c % 10);
    return 4;
}

size_t dns_name_to_text(const struct dns_name *name, uint8_t *out)
{
    if (name->len <= 1) {
        out[0] = '.';
        return 1;
    }
    size_t len = 0;
    for (size_t pos = 0; name->octets[pos] != 0; pos += 1U + name->octets[pos]) {
        if (pos > 0) {
            out[len++] = '.';
        }
        for (size_t i = 1; i <= name->octets[pos]; i++) {
            len += put_octet(name->octets[pos + i], out + len);
        }
    }
    return len;
}

struct span dns_name_reverse(const struct net_addr *a, char out[DNS_REVERSE_NAME_MAX])
{
    const uint8_t *o = a->octets;
    if (a->family == 4) {
        int len =
            snprintf(out, DNS_REVERSE_NAME_MAX, "%u.%u.%u.%u.in-addr.arpa", o[3], o[2], o[1], o[0]);
        return (struct span){(const uint8_t *)out, (size_t)len};
    }
    static const char digit[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 16; i-- > 0;) {
        out[at++] = digit[o[i] & 15];
        out[at++] = '.';
        out[at++] = digit[o[i] >> 4];
        out[at++] = '.';
    }
    memcpy(out + at, "ip6.arpa", 9);
    return (struct span){(const uint8_t *)out, at + 8};
}
