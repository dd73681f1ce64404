#include "scanner/shipped/shipped_intermediates.h"

#include "scanner/shipped/embedded_intermediates.h"

struct span shipped_intermediates_pem(void)
{
    return (struct span){embedded_intermediates_pem, embedded_intermediates_len};
}

const char *shipped_intermediates_name(void)
{
    return embedded_intermediates_name;
}
