// The scripts that shells load. In: how this program is called from anywhere. Out: one script for each shell, which asks the program
// itself what may come next. Pure. Never: a word that was typed evaluated again by the shell; a script that may be loaded only once.

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** The line by which `sluice complete` leaves it to the shell to name files. */
export const FILES_LINE = ':files'

/** `program` is quoted as a POSIX shell wants it, which fish reads alike. */
export const toScript = (shell: Shell, program: string): string => SCRIPTS[shell](program)

const bash = (
  program: string,
): string => `# Completion of sluice for bash. Load it in each shell: eval "$(sluice completion bash)" in ~/.bashrc
_sluice_complete() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == ${FILES_LINE} ]]; then
      compopt -o default 2>/dev/null
    else
      COMPREPLY+=("\${line%%$'\\t'*}")
    fi
  done < <(${program} complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null </dev/null)
}
complete -F _sluice_complete sluice
`

const zsh = (program: string): string => `#compdef sluice
# Completion of sluice for zsh. Load it in each shell, after compinit: eval "$(sluice completion zsh)" in ~/.zshrc
_sluice() {
  local line files=0
  local -a found lines
  lines=("\${(@f)$(${program} complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null </dev/null)}")
  for line in $lines; do
    if [[ $line == ${FILES_LINE} ]]; then
      files=1
    elif [[ -n $line ]]; then
      found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done
  (( \${#found} )) && _describe -V sluice found
  (( files )) && _files
}
if [[ \${funcstack[1]} == _sluice ]]; then
  _sluice "$@"
else
  compdef _sluice sluice
fi
`

const fish = (
  program: string,
): string => `# Completion of sluice for fish. Once: sluice completion fish > ~/.config/fish/completions/sluice.fish
function __sluice_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in (${program} complete -- $words[2..-1] 2>/dev/null </dev/null)
    if test "$line" = ${FILES_LINE}
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c sluice -e
complete -c sluice -f -k -a '(__sluice_complete)'
`

const SCRIPTS: Record<Shell, (program: string) => string> = { bash, zsh, fish }
