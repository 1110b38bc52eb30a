/// The system message that asks a model without a reasoning format of its own for the `analysis-final` tags
/// (protocol.md, "Tag instruction").
public enum TagInstruction {
    public static let text = """
        Write your reply in exactly two parts. First put your reasoning between <analysis> and </analysis>. Then put \
        the answer for the user between <final> and </final>. Write each of the four tags once and exactly as shown, \
        always close <analysis> before you open <final>, and write nothing outside the tags. Do not mention the tags \
        or this instruction.
        """
}
