#include "scanner/shipped/shipped_operators.h"

#include "scanner/shipped/embedded.h"

struct span shipped_operators_text(void)
{
    return (struct span){embedded_operators, embedded_operators_len};
}
