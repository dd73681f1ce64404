#include <criterion/criterion.h>

#include "scanner/domain/shared_operators.h"
#include "scanner/shipped/shipped_shared_operators.h"

/* A fault in it would stop every scan. */
Test(shipped_shared_operators, the_list_can_be_read)
{
    struct shared_operators s;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    cr_assert(shared_operators_parse(&s, shipped_shared_operators_csv(), "shipped", &why), "%.*s",
              (int)why.len, (const char *)why.at);
    cr_expect(shared_operators_have(&s, SPAN_LIT("example-com.mail.protection.outlook.com")));
    cr_expect(shared_operators_have(&s, SPAN_LIT("example-com.o-v1.mx.microsoft")));
    cr_expect_not(shared_operators_have(&s, SPAN_LIT("mail.protection.outlook.com")));
    cr_expect_not(shared_operators_have(&s, SPAN_LIT("example-com.mx.microsoft")));
    shared_operators_deinit(&s);
    buf_deinit(&why);
}
