#include "scanner/shipped/shipped_shared_operators.h"

#include "scanner/shipped/embedded.h"

struct span shipped_shared_operators_csv(void)
{
    return (struct span){embedded_shared_operators, embedded_shared_operators_len};
}
