import Outbound
import Testing

@Suite struct RetryPolicyTests {
    private let policy = RetryPolicy(limit: 3, firstDelay: .milliseconds(200), longestDelay: .seconds(1))

    @Test(arguments: [
        (0, 0.0, Duration.milliseconds(200)), (1, 0.0, .milliseconds(400)), (2, 0.0, .milliseconds(800)),
        (0, 1.0, .milliseconds(250)), (1, 0.5, .milliseconds(450)), (2, 1.0, .seconds(1)),
        (0, 7.0, .milliseconds(250)), (0, -1.0, .milliseconds(200)),
    ]) func delayDoublesGrowsByUpToAQuarterAndIsBounded(retries: Int, jitter: Double, expected: Duration) {
        #expect(policy.delay(retries: retries, retryAfter: nil, jitter: jitter) == expected)
    }

    @Test(arguments: [3, 4, Int.max]) func retriesAreLimited(retries: Int) {
        #expect(policy.delay(retries: retries, retryAfter: nil, jitter: 0) == nil)
        #expect(policy.delay(retries: retries, retryAfter: .zero, jitter: 0) == nil)
    }

    @Test(arguments: [
        (Duration.zero, Duration?.some(.zero)), (.milliseconds(900), .milliseconds(900)), (.seconds(1), .seconds(1)),
        (.milliseconds(1001), nil), (.seconds(-1), .zero),
    ]) func whatTheUpstreamAsksForIsKeptOrEndsTheAttempts(asked: Duration, expected: Duration?) {
        #expect(policy.delay(retries: 0, retryAfter: asked, jitter: 1) == expected)
    }

    @Test func manyRetriesDoNotOverflowTheDelay() {
        let patient = RetryPolicy(limit: .max, firstDelay: .seconds(3600))
        #expect(patient.delay(retries: 1000, retryAfter: nil, jitter: 1) == .seconds(30))
        #expect(RetryPolicy(limit: 0, firstDelay: .zero).delay(retries: 0, retryAfter: nil, jitter: 0) == nil)
    }

    @Test(arguments: [
        (String?.none, Duration?.none), ("", nil), ("0", .zero), ("120", .seconds(120)), ("-1", nil), ("1.5", nil),
        ("+3", nil), (" 3", nil), ("Wed, 21 Oct 2015 07:28:00 GMT", nil), ("３", nil),
        ("99999999999999999999", .seconds(1 << 31)),
    ]) func retryAfterIsReadInItsDelayForm(text: String?, expected: Duration?) {
        #expect(RetryPolicy.parse(retryAfter: text) == expected)
    }

    @Test func onlyStatusesOfAnAbsentUpstreamAreRetried() {
        let retried = (100...599).filter { RetryPolicy.isRetryable(status: $0) }
        #expect(retried == [502, 503, 504])
    }
}
