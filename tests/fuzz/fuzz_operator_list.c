#include "scanner/base/check.h"
#include "scanner/domain/operator_list.h"

/* A list of operators, as a results directory may have it: refused with one line, or every domain in it is found. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct operator_list *l = operator_list_parse((struct span){data, size}, "operators.txt", &why);
    CHECK((l == NULL) == (why.len > 0));
    CHECK(why.len == 0 || memchr(why.at, '\n', why.len) == NULL);
    struct span name = {0};
    if (l != NULL) {
        CHECK(span_eq(operator_list_text(l), (struct span){data, size}));
        CHECK(operator_list_count(l) > 0 || !operator_list_find(l, SPAN_LIT("a.example"), &name));
        if (operator_list_find(l, SPAN_LIT("a.example"), &name)) {
            CHECK(name.len > 0 && name.at >= operator_list_text(l).at);
        }
    }
    operator_list_free(l);
    buf_deinit(&why);
    return 0;
}
