#include "scanner/rows/plain_values.h"

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* @param to room for half as many octets */
static bool read_hex(struct span text, uint8_t *to)
{
    for (size_t i = 0; i < text.len / 2; i++) {
        int high = hex_digit(text.at[2 * i]);
        int low = hex_digit(text.at[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        to[i] = (uint8_t)(high << 4 | low);
    }
    return text.len % 2 == 0;
}

bool octets_of_hex(struct span text, struct arena *a, struct span *out)
{
    uint8_t *to = arena_new(a, text.len / 2, 1);
    if (!read_hex(text, to)) {
        return false;
    }
    *out = (struct span){to, text.len / 2};
    return true;
}

bool sha256_of_hex(struct span text, uint8_t out[32])
{
    return text.len == 64 && read_hex(text, out);
}

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static size_t padding_of(struct span text)
{
    size_t padding = 0;
    while (padding < 2 && padding < text.len && text.at[text.len - 1 - padding] == '=') {
        padding++;
    }
    return padding;
}

bool octets_of_base64(struct span text, struct arena *a, struct span *out)
{
    if (text.len % 4 != 0) {
        return false;
    }
    size_t padding = padding_of(text);
    size_t digits = text.len - padding;
    uint8_t *to = arena_new(a, text.len / 4 * 3, 1);
    size_t len = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < digits; i++) {
        int digit = base64_digit(text.at[i]);
        if (digit < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 > 0) { /* 6, 12, 18 or 24 bits are there; each octet as soon as it is whole */
            to[len++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
        }
    }
    uint32_t unused = padding == 0 ? 0 : padding == 1 ? 0x3 : 0xf;
    *out = (struct span){to, len};
    return (bits & unused) == 0;
}
