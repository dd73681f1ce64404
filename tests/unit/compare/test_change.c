#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "scanner/base/buf.h"
#include "scanner/compare/change.h"
#include "tests/support/read_file.h"

Test(change, the_page_explains_every_kind)
{
    struct buf page = BUF_INIT(BUF_NO_LIMIT);
    read_file(SOURCE_ROOT "/docs/comparing.md", &page);
    buf_put_char(&page, '\0');
    for (unsigned i = 0; i < CHANGE_KIND_COUNT; i++) {
        enum change_kind k = (enum change_kind)i;
        char line[512];
        (void)snprintf(line, sizeof(line), "\n| `%s` | %s | %s |\n", change_kind_word(k),
                       change_direction_word(change_kind_direction(k)), change_kind_meaning(k));
        cr_expect_not_null(strstr((const char *)page.at, line), "docs/comparing.md lacks:%s", line);
    }
    buf_deinit(&page);
}

Test(change, every_kind_has_a_word_of_its_own)
{
    for (unsigned i = 0; i < CHANGE_KIND_COUNT; i++) {
        cr_expect_gt(strlen(change_kind_phrase((enum change_kind)i)), 0);
        for (unsigned j = 0; j < i; j++) {
            cr_expect_str_neq(change_kind_word((enum change_kind)i),
                              change_kind_word((enum change_kind)j));
        }
    }
}
