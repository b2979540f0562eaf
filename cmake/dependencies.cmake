# What the project builds on; all of it is packaged by Debian 12 (scripts/setup
# installs it).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c>=1.4)
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.88)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(LIBSSH REQUIRED IMPORTED_TARGET libssh>=0.10)
pkg_check_modules(LIBBPF REQUIRED IMPORTED_TARGET libbpf)
find_package(nng 1.5 REQUIRED CONFIG)
find_program(PROTOC protoc REQUIRED)
find_program(PROTOC_C_PLUGIN protoc-gen-c REQUIRED)
find_path(PROTOBUF_INCLUDE_DIR google/protobuf/descriptor.proto REQUIRED)
