#include "scanner/base/uuid.h"

#include <sys/random.h>

#include "scanner/base/check.h"

#define UUID_LEN  16
#define TIME_LEN  6 /* octets of the milliseconds */
#define VERSION_7 0x70U
#define VARIANT   0x80U /* section 4.1 */

void uuid7_format(int64_t unix_ms, const uint8_t random[UUID7_RANDOM_LEN], char text[UUID_TEXT_MAX])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t octets[UUID_LEN];
    for (unsigned i = 0; i < TIME_LEN; i++) {
        octets[i] = (uint8_t)((uint64_t)unix_ms >> (8 * (TIME_LEN - 1 - i)));
    }
    for (unsigned i = 0; i < UUID7_RANDOM_LEN; i++) {
        octets[TIME_LEN + i] = random[i];
    }
    octets[6] = (uint8_t)((octets[6] & 0x0FU) | VERSION_7);
    octets[8] = (uint8_t)((octets[8] & 0x3FU) | VARIANT);
    size_t at = 0;
    for (unsigned i = 0; i < UUID_LEN; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text[at++] = '-';
        }
        text[at++] = digits[octets[i] >> 4];
        text[at++] = digits[octets[i] & 0x0FU];
    }
    text[at] = '\0';
}

void uuid7_make(int64_t unix_ms, char text[UUID_TEXT_MAX])
{
    uint8_t random[UUID7_RANDOM_LEN];
    CHECK(getrandom(random, sizeof(random), 0) == (ssize_t)sizeof(random)); /* under 256: whole */
    uuid7_format(unix_ms, random, text);
}
