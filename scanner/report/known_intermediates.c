#include "scanner/report/known_intermediates.h"

#include "scanner/base/check.h"
#include "scanner/cert/cert_list.h"
#include "scanner/shipped/shipped_intermediates.h"
#include "scanner/trust/pem_certs.h"

static void add_list(struct intermediate_pool *pool, const struct buf *list,
                     enum intermediate_source source)
{
    struct span rest = buf_span(list);
    for (struct span der; cert_list_next(&rest, &der);) {
        (void)intermediate_pool_add(pool, der, source);
    }
}

static void add_shipped(struct intermediate_pool *pool)
{
    struct pem_certs shipped = {.list = BUF_INIT(BUF_NO_LIMIT)};
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    CHECK(pem_certs_read(&shipped, shipped_intermediates_pem(), &why));
    add_list(pool, &shipped.list, INTERMEDIATE_BUNDLED);
    buf_deinit(&shipped.list);
    buf_deinit(&why);
}

struct intermediate_pool *known_intermediates_new(const struct intermediates_file *files,
                                                  size_t count, struct buf *why)
{
    struct intermediate_pool *pool = intermediate_pool_new();
    add_shipped(pool);
    for (size_t i = 0; i < count; i++) {
        add_list(pool, &files[i].list, INTERMEDIATE_FILE);
    }
    if (intermediate_pool_truncated(pool)) {
        if (intermediate_pool_count(pool) == INTERMEDIATES_MAX) {
            buf_putf(why, "intermediates: more than %d", INTERMEDIATES_MAX);
        } else {
            buf_put_text(why, "intermediates: no temporary file can be written; set TMPDIR to a "
                              "directory with free space");
        }
        intermediate_pool_free(pool);
        return NULL;
    }
    return pool;
}
