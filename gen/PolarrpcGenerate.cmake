# polarrpc_generate(TARGET <name> ROOT <folder> PROTOS <file.proto>... [IMPORTS <folder>...])
#
# Makes two static libraries from .proto files, which are given relative to
# ROOT, the folder that their imports start from. Of each file:
#
#   <name>         <file>.pb-c.h <file>.pb-c.c       the messages, by protoc-c (its own services left out)
#                  <file>.server.h <file>.service.c  typed handlers for servers, the constants
#   <name>_client  <file>.rpc.h <file>.rpc.c         typed calls and watches; links the client runtime
#
# (small files when there is no service). They are included as
# "polarstack/v1/port_usage.rpc.h". PSD_GENERATED_DIR of <name> is their folder.
function(polarrpc_generate)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET;ROOT" "PROTOS;IMPORTS")
  if(NOT arg_TARGET OR NOT arg_ROOT OR NOT arg_PROTOS OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "use polarrpc_generate(TARGET <name> ROOT <folder> PROTOS <file.proto>... [IMPORTS <folder>...])")
  endif()
  get_filename_component(root ${arg_ROOT} ABSOLUTE)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${arg_TARGET})

  set(imports)
  foreach(folder IN LISTS arg_IMPORTS)
    list(APPEND imports -I ${folder})
  endforeach()
  set(generated)
  set(client_sources)
  foreach(proto IN LISTS arg_PROTOS)
    string(REGEX REPLACE "\\.proto$" "" base ${proto})
    get_filename_component(folder ${out}/${base} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    set(messages ${out}/${base}.pb-c.c)
    set(outputs ${messages})
    foreach(suffix pb-c.h rpc.h rpc.c server.h service.c)
      list(APPEND outputs ${out}/${base}.${suffix})
    endforeach()
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND ${PROTOC}
              --plugin=protoc-gen-c=$<TARGET_FILE:protoc-gen-messages> --c_out=${out}
              --plugin=protoc-gen-polarrpc=$<TARGET_FILE:protoc-gen-polarrpc> --polarrpc_out=${out}
              --dependency_out=${out}/${base}.d -I ${root} ${imports} -I ${PROTOBUF_INCLUDE_DIR} ${proto}
      DEPENDS protoc-gen-messages protoc-gen-polarrpc ${root}/${proto}
      DEPFILE ${out}/${base}.d
      COMMENT "Generating ${base}"
      VERBATIM)
    set_source_files_properties(${messages} PROPERTIES COMPILE_OPTIONS -w)
    list(APPEND client_sources ${out}/${base}.rpc.c)
    list(REMOVE_ITEM outputs ${out}/${base}.rpc.c)
    list(APPEND generated ${outputs})
  endforeach()

  add_library(${arg_TARGET} STATIC ${generated})
  target_include_directories(${arg_TARGET} PUBLIC ${out})
  target_link_libraries(${arg_TARGET}
    PUBLIC $<$<BOOL:${arg_IMPORTS}>:psd_proto> psd_google_proto PkgConfig::PROTOBUF_C
    PRIVATE psd_warnings)
  set_target_properties(${arg_TARGET} PROPERTIES PSD_GENERATED_DIR ${out})

  add_library(${arg_TARGET}_client STATIC ${client_sources})
  target_link_libraries(${arg_TARGET}_client PUBLIC ${arg_TARGET} psd_rpc PRIVATE psd_warnings)
  add_dependencies(${arg_TARGET}_client ${arg_TARGET})
endfunction()
