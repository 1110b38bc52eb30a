import Testing

@testable import Pipeline

@Suite("The watermark")
struct WatermarkTests {
    @Test(
        "pauses above the high mark and resumes at half of it",
        arguments: [
            (
                100,
                [
                    (0, false), (100, false), (101, true), (100, true), (51, true), (50, false), (51, false),
                    (100, false),
                ]
            ),
            (100, [(500, true), (0, false), (101, true)]),
            (1, [(1, false), (2, true), (1, true), (0, false)]),
            (0, [(0, false), (1, true), (0, false)]),
            (-5, [(0, false), (1, true), (0, false)]),
            (Int.max, [(Int.max, false)]),
        ] as [(Int, [(Int, Bool)])]
    )
    func hysteresis(high: Int, steps: [(Int, Bool)]) {
        var watermark = Watermark(high: high)
        #expect(!watermark.isPaused)
        for (level, paused) in steps {
            #expect(watermark.update(level: level) == paused, "level \(level)")
            #expect(watermark.isPaused == paused)
        }
    }
}
