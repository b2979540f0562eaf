# One set of warnings for all code of the project. Generated protobuf code is
# built without it.
add_library(psd_warnings INTERFACE)
target_compile_options(psd_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
  -Wundef -Wvla -Wformat=2 $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation> -Wwrite-strings)
if(PSD_WERROR)
  target_compile_options(psd_warnings INTERFACE -Werror)
endif()
add_compile_definitions(_GNU_SOURCE PSD_VERSION="${PROJECT_VERSION}")
add_compile_options(-fstack-protector-strong -fno-common)
if(CMAKE_BUILD_TYPE MATCHES "Rel" AND NOT PSD_SANITIZE)
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_link_options(-Wl,-z,relro,-z,now -Wl,--as-needed)
