import Testing
@testable import ServerSentEvents

@Test func placeholder() {}
