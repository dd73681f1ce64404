#include "scanner/analysis/generic_name.h"

#include "scanner/base/text.h"

#define NAME_LOOKED_AT 253 /* octets: no name is longer, RFC 1035 section 2.3.4 */
#define NUMBERS_MAX    32  /* nibbles of an IPv6 address */

/* An address as a row of numbers, one way of writing it. */
struct spelling {
    uint16_t number[NUMBERS_MAX];
    size_t count;
    uint16_t base;     /* 10 or 16 */
    size_t digits_min; /* of each number */
    size_t digits_max;
};

static bool is_decimal(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool digit_value(uint8_t c, uint16_t base, uint16_t *value)
{
    uint8_t lower = ascii_lower(c);
    if (is_decimal(lower)) {
        *value = (uint16_t)(lower - '0');
        return true;
    }
    *value = (uint16_t)(lower - 'a' + 10);
    return base == 16 && lower >= 'a' && lower <= 'f';
}

static bool is_separator(uint8_t c)
{
    return c == '-' || c == '.' || c == '_';
}

/* The run of digits at the front. @return its length. */
static size_t read_run(struct span text, uint16_t base, uint32_t *number)
{
    size_t len = 0;
    uint16_t digit;
    *number = 0;
    while (len < text.len && digit_value(text.at[len], base, &digit)) {
        *number = *number < UINT16_MAX ? *number * base + digit : *number;
        len++;
    }
    return len;
}

static uint16_t address_number_at(const struct spelling *s, size_t i, bool reversed)
{
    return s->number[reversed ? s->count - 1 - i : i];
}

/* The numbers with one separator between each two, from the front on; what follows the last one is
 * no digit. */
static bool begins_separated(struct span text, const struct spelling *s, bool reversed)
{
    for (size_t i = 0; i < s->count; i++) {
        uint32_t number;
        if (i > 0) {
            if (text.len == 0 || !is_separator(text.at[0])) {
                return false;
            }
            text = span_drop(text, 1);
        }
        size_t len = read_run(text, s->base, &number);
        if (len < s->digits_min || len > s->digits_max ||
            number != address_number_at(s, i, reversed)) {
            return false;
        }
        text = span_drop(text, len);
    }
    return true;
}

/* The numbers one behind the other, each with as many digits as it may have. */
static bool begins_joined(struct span text, const struct spelling *s, bool reversed)
{
    for (size_t i = 0; i < s->count; i++) {
        uint32_t number;
        struct span run = span_take(text, s->digits_max);
        if (read_run(run, s->base, &number) != s->digits_max ||
            number != address_number_at(s, i, reversed)) {
            return false;
        }
        text = span_drop(text, s->digits_max);
    }
    return text.len == 0 || !is_decimal(text.at[0]);
}

/* At its beginning a number is not the end of a longer one. */
static bool may_begin(struct span name, size_t at)
{
    return at == 0 || !is_decimal(name.at[at - 1]);
}

static bool holds(struct span name, const struct spelling *s)
{
    for (size_t at = 0; at < name.len; at++) {
        struct span rest = span_drop(name, at);
        if (may_begin(name, at) &&
            (begins_separated(rest, s, false) || begins_separated(rest, s, true) ||
             begins_joined(rest, s, false) || begins_joined(rest, s, true))) {
            return true;
        }
    }
    return false;
}

static struct spelling octets_of(const struct net_addr *a, uint16_t base, size_t digits_min,
                                 size_t digits_max)
{
    struct spelling s = {
        .count = 4, .base = base, .digits_min = digits_min, .digits_max = digits_max};
    for (size_t i = 0; i < 4; i++) {
        s.number[i] = a->octets[i];
    }
    return s;
}

static bool is_made_of_v4(struct span name, const struct net_addr *a)
{
    const struct spelling decimal = octets_of(a, 10, 1, 3);
    const struct spelling hexadecimal = octets_of(a, 16, 2, 2);
    return holds(name, &decimal) || holds(name, &hexadecimal);
}

/* RFC 5952 with '-' for ':', at the end of a label and not in the middle of a number. */
static bool label_is_shortened(struct span label, const struct net_addr *a)
{
    char text[NET_ADDR_TEXT_MAX];
    size_t len = net_addr_format(a, text);
    for (size_t i = 0; i < len; i++) {
        text[i] = text[i] == ':' ? '-' : text[i];
    }
    if (label.len < len ||
        !span_ieq(span_drop(label, label.len - len), (struct span){(const uint8_t *)text, len})) {
        return false;
    }
    uint16_t digit;
    return label.len == len || !digit_value(label.at[label.len - len - 1], 16, &digit);
}

static bool is_shortened(struct span name, const struct net_addr *a)
{
    while (name.len > 0) {
        if (label_is_shortened(text_take_until(&name, '.'), a)) {
            return true;
        }
    }
    return false;
}

static bool is_made_of_v6(struct span name, const struct net_addr *a)
{
    struct spelling nibbles = {.count = 32, .base = 16, .digits_min = 1, .digits_max = 1};
    struct spelling groups = {.count = 8, .base = 16, .digits_min = 1, .digits_max = 4};
    for (size_t i = 0; i < 16; i++) {
        nibbles.number[2 * i] = a->octets[i] >> 4;
        nibbles.number[2 * i + 1] = a->octets[i] & 15;
    }
    for (size_t i = 0; i < 8; i++) {
        groups.number[i] = (uint16_t)(a->octets[2 * i] << 8 | a->octets[2 * i + 1]);
    }
    return holds(name, &nibbles) || holds(name, &groups) || is_shortened(name, a);
}

bool name_is_generic(struct span name, const struct net_addr *address)
{
    struct span text = span_take(name, NAME_LOOKED_AT);
    return address->family == 4   ? is_made_of_v4(text, address)
           : address->family == 6 ? is_made_of_v6(text, address)
                                  : false;
}
