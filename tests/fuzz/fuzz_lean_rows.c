/* Rows that say each thing once, put together from each other: lines, the first octet of each chooses the table. Whatever stands
 * there is refused, or put together within bounds, a second time like the first. */

#include <jansson.h>
#include <string.h>

#include "scanner/base/check.h"
#include "scanner/base/text.h"
#include "scanner/rows/lean_rows.h"
#include "scanner/rows/row_outcomes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_line(struct lean_rows *lean, struct row_reading *r, struct span line)
{
    static const enum table_id tables[] = {TABLE_OUTCOME_SETS, TABLE_SERVICES, TABLE_HOSTS,
                                           TABLE_ENDPOINTS, TABLE_DOMAINS};
    enum table_id t = tables[(uint8_t)(line.at[0] - '0') % (sizeof(tables) / sizeof(tables[0]))];
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct facts row;
    if (row_reading_begin(r, t, span_drop(line, 1), &row)) {
        CHECK(lean_rows_complete(lean, &row, &why));
        json_t *once = json_deep_copy(r->row);
        CHECK(lean_rows_complete(lean, &row, &why));
        CHECK(json_equal(once, r->row));
        json_decref(once);
        CHECK(lean_rows_keep(lean, &row, &why));
        if (t == TABLE_DOMAINS) {
            (void)row_outcomes(&row);
        }
    }
    buf_deinit(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = {data, size};
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct lean_rows *lean = lean_rows_new(true, LEAN_MEMORY_OCTETS, &why);
    struct row_reading reading;
    CHECK(lean != NULL);
    row_reading_init(&reading);
    reading.in_part = true;
    while (rest.len > 0) {
        struct span line = text_take_until(&rest, '\n');
        if (line.len > 0) {
            take_line(lean, &reading, line);
        }
    }
    row_reading_deinit(&reading);
    lean_rows_free(lean);
    buf_deinit(&why);
    return 0;
}
