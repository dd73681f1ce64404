#include "scanner/base/check.h"
#include "scanner/base/hash.h"
#include "scanner/base/text.h"
#include "scanner/domain/blocklist.h"
#include "scanner/domain/domain_name.h"

/* A list, line by line: what is taken is found, alone and below; each line counts once at most. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready = false;
    if (!ready) {
        hash_secret_init();
        ready = true;
    }
    struct blocklist *b = blocklist_new();
    struct span rest = {data, size};
    while (rest.len > 0) {
        struct span line = text_take_until(&rest, '\n');
        size_t before = blocklist_count(b);
        const char *wrong = blocklist_add_line(b, line);
        size_t after = blocklist_count(b);
        CHECK(after >= before && after - before <= 1 && (wrong == NULL || after == before));
        CHECK(blocklist_add_line(b, line) == wrong && blocklist_count(b) == after);
        struct net_addr a;
        if (wrong == NULL && net_addr_parse(line, &a)) {
            CHECK(blocklist_has_address(b, &a) && !blocklist_has_address(NULL, &a));
        }
        (void)blocklist_has_name(b, line);
    }
    blocklist_free(b);
    return 0;
}
