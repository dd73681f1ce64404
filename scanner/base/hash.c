#include "scanner/base/hash.h"

#include <sys/random.h>

#define XXH_STATIC_LINKING_ONLY
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "scanner/base/check.h"

#define PARTITION_SEED 0x6d78636e73757301ULL /* "mxcnsus", version 1 */
#define SECRET_LEN     192                   /* octets; XXH3 wants at least 136 */

static uint8_t secret[SECRET_LEN];

void hash_secret_init(void)
{
    uint8_t random[64];
    CHECK(getrandom(random, sizeof(random), 0) == (ssize_t)sizeof(random));
    CHECK(XXH3_generateSecret(secret, sizeof(secret), random, sizeof(random)) == XXH_OK);
}

struct hash_key hash_key_of(struct span key)
{
    XXH128_hash_t h = XXH3_128bits_withSecret(key.at, key.len, secret, sizeof(secret));
    if (h.low64 == 0 && h.high64 == 0) {
        h.low64 = 1; /* zero marks an empty place in a map */
    }
    return (struct hash_key){h.low64, h.high64};
}

uint32_t hash_partition(struct span key)
{
    return (uint32_t)(XXH3_64bits_withSeed(key.at, key.len, PARTITION_SEED) % PARTITION_COUNT);
}

uint32_t hash_partition_part(struct span key, uint32_t count)
{
    return (uint32_t)((uint64_t)hash_partition(key) * count / PARTITION_COUNT);
}

uint64_t hash_draw(uint64_t seed, struct span a, struct span b)
{
    uint64_t first = XXH3_64bits_withSeed(a.at, a.len, seed ^ PARTITION_SEED);
    return XXH3_64bits_withSeed(b.at, b.len, first);
}
