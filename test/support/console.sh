# console.sh - sourced by the tests of the documentation: console blocks.
#
#   check_console PAGE INFO     calls "check_command PAGE COMMAND EXPECTED" for each "$ "
#                               line of the blocks that begin with ```INFO
#   matches TEXT PATTERN        a line "..." stands for any number of lines, "..." within
#                               a line for anything
# shellcheck shell=bash

# The widths of columns follow what is in them.
squeeze() {
    tr -s ' '
}

# matches TEXT PATTERN
matches() {
    local text line regex='^'
    text=$(squeeze <<<"$1")
    while IFS= read -r line; do
        if [ "$line" = ... ]; then
            regex+='(.*'$'\n'')?'
        else
            line=$(sed 's/[][\.*^$+?(){}|]/\\&/g; s/\\\.\\\.\\\./[^\n]*/g' <<<"$line")
            regex+=$line$'\n'
        fi
    done < <(squeeze <<<"$2")
    [[ $text$'\n' =~ $regex$ ]]
}

# shellcheck disable=SC2094
check_console() {
    local page=$1 info=$2 line block='' command='' expected=''
    while IFS= read -r line; do
        case $block:$line in
        :"\`\`\`$info") block=yes ;;
        yes:'```')
            [ -z "$command" ] || check_command "$page" "$command" "$expected"
            block='' command='' expected=''
            ;;
        yes:'$ '*)
            [ -z "$command" ] || check_command "$page" "$command" "$expected"
            command=${line#'$ '} expected=
            ;;
        yes:*) expected+=${expected:+$'\n'}$line ;;
        esac
    done <"$page"
}
