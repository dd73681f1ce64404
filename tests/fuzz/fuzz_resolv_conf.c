#include "scanner/base/check.h"
#include "scanner/cli/machine.h"

#define RESOLVERS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct net_endpoint found[RESOLVERS + 1] = {0};
    struct span text = {data, size};
    size_t count = machine_parse_resolvers(text, found, RESOLVERS);
    CHECK(count <= RESOLVERS && found[RESOLVERS].port == 0);
    for (size_t i = 0; i < count; i++) {
        CHECK(net_addr_len(&found[i].address) > 0 && found[i].port == 53);
    }
    /* What stands behind an LF changes nothing of what came before. */
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    if (end != NULL) {
        struct net_endpoint first[RESOLVERS];
        size_t in_first =
            machine_parse_resolvers(span_take(text, (size_t)(end - data)), first, RESOLVERS);
        CHECK(in_first <= 1 && in_first <= count);
        CHECK(in_first == 0 || net_addr_eq(&first[0].address, &found[0].address));
    }
    return 0;
}
