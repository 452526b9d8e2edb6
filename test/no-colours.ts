// In: a test process. Out: the same without colours, whatever CI or the terminal asked for: patterns look for words.
process.env['NO_COLOR'] = '1'
delete process.env['FORCE_COLOR']
