# The warnings of the whole project; gcc 12 and clang 14 are quiet on them.
add_compile_options(
	-Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow
	-Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual
	-Wwrite-strings -Wformat=2 -Wundef -Wvla -Wimplicit-fallthrough)
add_compile_definitions(_GNU_SOURCE STOX_VERSION="${PROJECT_VERSION}")
add_compile_options(-UNDEBUG) # our asserts stay on, in any type of build
include_directories(${PROJECT_SOURCE_DIR})

if(STOX_WERROR)
	add_compile_options(-Werror)
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Release")
	set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
	add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-protector-strong
		-fstack-clash-protection -fcf-protection -fPIE)
	add_link_options(-pie -Wl,-z,relro,-z,now)
endif()

if(STOX_SANITIZE)
	add_compile_options(-fsanitize=${STOX_SANITIZE}
		-fno-sanitize-recover=all -fno-omit-frame-pointer)
	add_link_options(-fsanitize=${STOX_SANITIZE})
endif()
if(STOX_FUZZ)
	add_compile_options(-fsanitize=fuzzer-no-link)
endif()
